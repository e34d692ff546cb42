"""Figures."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from heimdall_project.api.serializers import StrictSerializer

from ..models import ClusterTrend
from ..selectors import COUNTED_MOST, LetterCounts, TrendPoint
from ..selectors.figures import MOST_POINTS, STEPS, Grain
from .clusters import TrendPointSerializer

WINDOW = {Grain.MINUTE: timedelta(hours=1), Grain.HOUR: timedelta(days=1)}


class TrendWindowSerializer(StrictSerializer):
    """Which window of the trend, in which buckets."""

    grain = serializers.ChoiceField(
        choices=[each.value for each in ClusterTrend.Grain], default="hour", help_text="How long a bucket is."
    )
    since = serializers.DateTimeField(
        required=False, help_text="By default a day before `until`, or an hour if buckets are minutes."
    )
    until = serializers.DateTimeField(required=False, help_text="Now by default; never later.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A window that begins before it ends, in a bounded number of buckets."""
        grain, now = Grain(attrs["grain"]), timezone.now()
        until: datetime = min(attrs.get("until", now), now)
        try:
            since: datetime = attrs.get("since") or until - WINDOW[grain]
        except OverflowError:
            raise serializers.ValidationError({"until": "There is no time before it."}) from None
        if since >= until:
            raise serializers.ValidationError({"since": "It must be before `until`, and in the past."})
        if (until - since) / STEPS[grain] > MOST_POINTS - 1:
            raise serializers.ValidationError(
                {"since": f"The window has more than {MOST_POINTS} such buckets; take wider ones."}
            )
        return {"grain": grain, "since": since, "until": until}


class LetterStatsSerializer(serializers.Serializer[Any]):
    """How many dead letters stand where, and how many come."""

    total = serializers.IntegerField()
    by_state = serializers.DictField(child=serializers.IntegerField())
    open_by_topic = serializers.DictField(
        child=serializers.IntegerField(), help_text="Neither resolved nor discarded; the most frequent first."
    )
    open_by_disposition = serializers.DictField(child=serializers.IntegerField())
    open_clusters = serializers.IntegerField(help_text="Causes that have such letters.")
    clusters_back = serializers.IntegerField(
        help_text="Those of them that a redrive had resolved before, and that failed since."
    )
    oldest_waiting_at = serializers.DateTimeField(
        allow_null=True, help_text="The failure of which a person has to decide for the longest time."
    )
    contested_waiting = serializers.IntegerField(
        help_text=f"Letters that wait and whose place another claims too; at most {COUNTED_MOST:,} are told."
    )
    trend = TrendPointSerializer(many=True, help_text="Failures by the broker's time, silent buckets too.")


def stats_body(counts: LetterCounts, contested: int, trend: Sequence[TrendPoint]) -> dict[str, Any]:
    """The figures as `LetterStatsSerializer` shows them."""
    facts = counts._asdict() | {"contested_waiting": contested, "trend": [point._asdict() for point in trend]}
    return dict(LetterStatsSerializer(facts).data)
