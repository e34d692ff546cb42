"""Figures about jobs as the API takes and shows them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from heimdall_project.api.serializers import StrictSerializer

from ..selectors import JobCounts, Throughput
from ..selectors.figures import MOST_POINTS

WINDOW = timedelta(hours=1)


class Seconds(serializers.IntegerField):
    """A number out of a query, in ASCII digits."""

    def to_internal_value(self, data: Any) -> int:
        """The number."""
        if not (isinstance(data, str) and data.isascii() and data.isdecimal() and len(data) < 10):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class WindowSerializer(StrictSerializer):
    """Which window, in which steps."""

    since = serializers.DateTimeField(required=False, help_text="An hour before `until` by default.")
    until = serializers.DateTimeField(required=False, help_text="Now by default; never later.")
    step = Seconds(
        required=False, default=60, min_value=1, max_value=86_400, help_text="Seconds of one point."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A window that begins before it ends, in a bounded number of steps."""
        now = timezone.now()
        until: datetime = min(attrs.get("until", now), now)
        since: datetime = attrs["since"] if "since" in attrs else max(until, _FIRST) - WINDOW
        if since >= until:
            raise serializers.ValidationError({"since": "It must be before `until`, and in the past."})
        step = timedelta(seconds=attrs["step"])
        if (until - since) / step > MOST_POINTS:
            raise serializers.ValidationError(
                {"step": f"The window has more than {MOST_POINTS} such steps; take wider ones."}
            )
        return {"since": since, "until": until, "step": step}


_FIRST = datetime(2000, 1, 1, tzinfo=UTC)


class ServiceCountSerializer(serializers.Serializer[Any]):
    """Jobs of one service."""

    service_name = serializers.CharField()
    jobs = serializers.IntegerField()


class PointSerializer(serializers.Serializer[Any]):
    """One step of time."""

    at = serializers.DateTimeField()
    submitted = serializers.IntegerField()
    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    p50_seconds = serializers.FloatField(
        allow_null=True, help_text="From request to end, of those that succeeded or failed."
    )
    p95_seconds = serializers.FloatField(allow_null=True)


class StatsSerializer(serializers.Serializer[Any]):
    """How many jobs stand where, and how fast they end."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    total = serializers.IntegerField(help_text="Accepted in the window.")
    complete = serializers.BooleanField(
        help_text="False: the window holds too many, and only the newest were counted."
    )
    by_status = serializers.DictField(child=serializers.IntegerField())
    by_failure_class = serializers.DictField(child=serializers.IntegerField())
    by_service = ServiceCountSerializer(many=True, help_text="The most frequent first, 100 at most.")
    open = serializers.DictField(child=serializers.IntegerField(), help_text="Not ended, of any age.")
    oldest_open_at = serializers.DateTimeField(allow_null=True)
    step_seconds = serializers.IntegerField()
    throughput = PointSerializer(many=True)


def stats_body(counts: JobCounts, points: list[Throughput], step: timedelta) -> dict[str, Any]:
    """The figures as `StatsSerializer` shows them."""
    services = [{"service_name": name, "jobs": number} for name, number in counts.by_service.items()]
    facts = counts._asdict() | {
        "by_service": services,
        "step_seconds": int(step.total_seconds()),
        "throughput": [point._asdict() for point in points],
    }
    return dict(StatsSerializer(facts).data)
