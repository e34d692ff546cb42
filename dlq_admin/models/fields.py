"""Columns whose text came with a record of a stranger: whoever reads one sees no secret in it."""

from functools import lru_cache
from typing import Any

from django.db import models

from heimdall_project.observability.masking import masked


class ToldField(models.CharField):  # type: ignore[type-arg]  # not subscriptable when it runs
    """Text out of a record, or of an error that quotes one: kept as it came, masked wherever it is read.

    Bytes are shown to few, each look is audited, and secrets in them are masked. What stands in lists, files
    and histories must not tell more than that; here, no page, export or stream can forget it.
    """

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        """The text without secrets."""
        return told(value) if value else value

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """In the database it is a text like any other."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", list(args), kwargs


@lru_cache(maxsize=2048)
def told(text: str) -> str:
    """A text without the secrets that anybody here recognises."""
    return masked(text)
