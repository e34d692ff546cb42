"""Cleaning up: what may be asked, and what is answered."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from ..services import CLEAN_MOST, OPEN_IN_WORDS, Bounds, bounds_by_retention
from .acts import DlqReasonSerializer
from .fields import Flag, Text

DAYS_MOST = 3660


class Days(serializers.IntegerField):
    """A whole number of days, as a JSON number."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=DAYS_MOST, required=False, **options)

    def to_internal_value(self, data: Any) -> int:
        """The number."""
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        value: int = super().to_internal_value(data)
        return value


class CleanUpSerializer(DlqReasonSerializer):
    """How old, why, and whether only to count."""

    payloads_older_than_days = Days(help_text="By default DLQ_PAYLOAD_RETENTION.")
    rows_older_than_days = Days(help_text="By default DLQ_ROW_RETENTION.")
    open_too = Flag(default=False, help_text="Also letters about which nobody has decided.")
    in_words = Text(
        default="", allow_blank=True, max_length=100, help_text=f'With `open_too`: "{OPEN_IN_WORDS}".'
    )
    dry_run = Flag(default=False, help_text="Only count.")

    def bounds(self) -> Bounds:
        """What is old."""
        values, by_retention, now = self.validated_data, bounds_by_retention(), timezone.now()
        payloads, rows = values.get("payloads_older_than_days"), values.get("rows_older_than_days")
        return Bounds(
            payloads_before=by_retention.payloads_before
            if payloads is None
            else now - timedelta(days=payloads),
            rows_before=by_retention.rows_before if rows is None else now - timedelta(days=rows),
            open_too=values["open_too"],
        )


class CleanedSerializer(serializers.Serializer[Any]):
    """What went, or would go."""

    dry_run = serializers.BooleanField()
    payloads = serializers.IntegerField(help_text="Letters whose bytes went; their rows stay.")
    rows = serializers.IntegerField(help_text="Letters that went altogether, with bytes and history.")
    more = serializers.BooleanField(help_text=f"One call takes {CLEAN_MOST:,} of each: ask again.")
