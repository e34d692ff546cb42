"""A window of time out of a query: `from` and `to`."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.utils import timezone
from rest_framework import serializers

from heimdall_project.api.serializers import StrictSerializer

HOUR = timedelta(hours=1)
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)


class Number(serializers.IntegerField):
    """A number out of a query, in ASCII digits."""

    def to_internal_value(self, data: Any) -> int:
        """The number."""
        if not (isinstance(data, str) and data.isascii() and data.isdecimal() and len(data) < 10):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class WindowSerializer(StrictSerializer):
    """[from, to), the last hour by default; never longer than `longest`, never beyond now."""

    longest: ClassVar[timedelta] = timedelta(days=31)
    usual: ClassVar[timedelta] = HOUR

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of the language, and cannot be an attribute."""
        window = {
            "from": serializers.DateTimeField(required=False, help_text="An hour before `to` by default."),
            "to": serializers.DateTimeField(required=False, help_text="Now by default; never later."),
        }
        return {**window, **super().get_fields()}

    def validate(self, attrs: Mapping[str, Any]) -> dict[str, Any]:
        """A window that begins before it ends, and has a bounded length."""
        now = timezone.now()
        until: datetime = min(attrs.get("to", now), now)
        since: datetime = attrs["from"] if "from" in attrs else max(until, _FIRST) - self.usual
        if since >= until:
            raise serializers.ValidationError({"from": "It must be before `to`, and in the past."})
        if until - since > self.longest:
            days = self.longest / timedelta(days=1)
            raise serializers.ValidationError({"from": f"The window may be {days:g} days long at most."})
        return {**attrs, "from": since, "to": until}


def minute_of(moment: datetime) -> datetime:
    """The minute that a moment lies in."""
    return moment.replace(second=0, microsecond=0)
