"""Fields that take what they say and nothing that could be turned into it."""

import math
from typing import Any

from rest_framework import serializers

BIGGEST = 2**63 - 1


class Text(serializers.CharField):
    """A JSON string. `12` is not a name."""

    default_error_messages = {"not_text": "Not a string."}

    def to_internal_value(self, data: Any) -> str:
        """The text, trimmed."""
        if not isinstance(data, str):
            self.fail("not_text")
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


class Number(serializers.FloatField):
    """A JSON number."""

    default_error_messages = {"not_number": "Not a number."}

    def to_internal_value(self, data: Any) -> float:
        """The number."""
        if not isinstance(data, int | float) or isinstance(data, bool) or abs(data) > 2**62:
            self.fail("not_number")
        value: float = super().to_internal_value(data)
        if not math.isfinite(value):
            self.fail("not_number")
        return value


class Flag(serializers.BooleanField):
    """JSON's true or false. `"yes"` is neither."""

    def to_internal_value(self, data: Any) -> bool:
        """The value."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class QueryNumber(serializers.IntegerField):
    """A number in a query string, in ASCII digits and nothing else."""

    def to_internal_value(self, data: Any) -> int:
        """The number."""
        if not (isinstance(data, str) and data.isascii() and data.isdecimal()):
            self.fail("invalid")
        value: int = super().to_internal_value(data)
        return value
