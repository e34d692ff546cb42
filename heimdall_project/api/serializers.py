"""Serializers that refuse what they do not know."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

_UNKNOWN = "There is no such field."
_READ_ONLY = "This field cannot be set."


class StrictMixin:
    """Refuses unknown and read-only fields, beside all other errors, each with its path."""

    fields: Any

    def to_internal_value(self, data: Any) -> Any:
        """Validated values. Raises ValidationError with every error at once."""
        surplus = self._surplus(data)
        try:
            values = super().to_internal_value(data)  # type: ignore[misc]
        except ValidationError as error:
            if surplus and isinstance(error.detail, dict):
                raise ValidationError({**error.detail, **surplus}) from None
            raise
        if surplus:
            raise ValidationError(surplus)
        return values

    def _surplus(self, data: Any) -> dict[str, list[ErrorDetail]]:
        if not isinstance(data, Mapping):
            return {}
        found = {}
        for name in data:
            field = self.fields.get(name)
            if field is None:
                found[str(name)] = [ErrorDetail(_UNKNOWN, code="unknown_field")]
            elif field.read_only:
                found[str(name)] = [ErrorDetail(_READ_ONLY, code="read_only_field")]
        return found


class StrictSerializer(StrictMixin, serializers.Serializer[Any]):
    """Base of every serializer that reads a request."""


class StrictModelSerializer(StrictMixin, serializers.ModelSerializer[Any]):
    """The same for a model."""
