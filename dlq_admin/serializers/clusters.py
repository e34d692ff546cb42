"""Clusters."""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from ..models import Cluster
from ..selectors import TrendPoint
from ..states import State

_COUNTS = tuple(state.value.lower() for state in State)
_LISTED = (
    "id",
    "topic",
    "group",
    "disposition",
    "error_class",
    "message",
    "schema",
    "total",
    *_COUNTS,
    "first_seen",
    "last_seen",
    "sample",
    "resolved_by",
    "resolved_at",
    "came_back",
)


class ClusterSerializer(serializers.ModelSerializer[Cluster]):
    """A cause, and how many letters it has in each state."""

    sample = serializers.IntegerField(source="sample_id", allow_null=True, help_text="One of its letters.")
    resolved_by = serializers.IntegerField(
        source="resolved_by_id", allow_null=True, help_text="The batch that resolved one of its letters last."
    )
    came_back = serializers.BooleanField(help_text="It failed again after a redrive had resolved letters.")

    class Meta:
        model = Cluster
        fields: tuple[str, ...] = _LISTED


class TrendPointSerializer(serializers.Serializer[Any]):
    """Failures of one bucket."""

    at = serializers.DateTimeField()
    failures = serializers.IntegerField()


class ClusterDetailSerializer(ClusterSerializer):
    """The same with its trend."""

    last_hour = TrendPointSerializer(many=True, help_text="By the minute.")
    last_week = TrendPointSerializer(many=True, help_text="By the hour.")

    class Meta(ClusterSerializer.Meta):
        fields = (*_LISTED, "fingerprint", "stack_hash", "last_hour", "last_week")


def cluster_body(
    cluster: Cluster, *, last_hour: Sequence[TrendPoint], last_week: Sequence[TrendPoint]
) -> dict[str, Any]:
    """A cluster as `ClusterDetailSerializer` shows it."""
    cluster.last_hour = [point._asdict() for point in last_hour]  # type: ignore[attr-defined]
    cluster.last_week = [point._asdict() for point in last_week]  # type: ignore[attr-defined]
    return dict(ClusterDetailSerializer(cluster).data)
