"""Fields that take what they say and nothing that could be turned into it."""

from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

BIGGEST = 2**63 - 1

one_line = RegexValidator(r"\A[^\x00-\x1f\x7f]*\Z", "It holds control characters.", code="control_characters")
"""For names: no line ends, no escapes."""


class Text(serializers.CharField):
    """A JSON string. `12` is not a name."""

    default_error_messages = {"not_text": "Not a string."}

    def to_internal_value(self, data: Any) -> str:
        """The text, trimmed unless told otherwise."""
        if not isinstance(data, str):
            self.fail("not_text")
        if not data.strip() and not self.allow_blank:
            self.fail("blank")
        value: str = super().to_internal_value(data)
        return value


class Identifier(serializers.IntegerField):
    """The number of a row. `"12"` is not one."""

    default_error_messages = {"not_integer": "Not an integer."}

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=BIGGEST, **options)

    def to_internal_value(self, data: Any) -> int:
        """The number."""
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("not_integer")
        value: int = super().to_internal_value(data)
        return value
