"""Redrive batches: what may be asked, and what is answered."""

from typing import Any

from rest_framework import serializers

from ..models import BatchItem, RedriveBatch
from ..ramp import Progress
from ..services import BATCH_MOST, Pace, Reprocessed
from .acts import DecidedSerializer, DlqReasonSerializer, decided_bodies
from .fields import Flag, Identifier, Number, Text

TRANSFORM_MOST = 100


class ChosenSerializer(DlqReasonSerializer):
    """Either `ids` or `filters`, why, and how fast."""

    ids = serializers.ListField(child=Identifier(), required=False, min_length=1, max_length=BATCH_MOST)
    filters = serializers.DictField(
        required=False,
        help_text=f"Which letters, by the filters of the list: the oldest {BATCH_MOST} that can be sent.",
    )
    canary = serializers.IntegerField(default=Pace.canary, min_value=1, max_value=1000)
    rate = Number(default=Pace.rate, min_value=0.01, max_value=10_000, help_text="Letters a second, at most.")
    most_failures = Number(
        default=Pace.most_failures, min_value=0, max_value=1, help_text="Share at which it stops itself."
    )
    most_lag = serializers.IntegerField(default=Pace.most_lag, min_value=0, max_value=2**62)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one way to name the letters."""
        if ("ids" in attrs) == ("filters" in attrs):
            message = "Not together." if "ids" in attrs else "Give ids or filters."
            raise serializers.ValidationError({"ids": message, "filters": message})
        return attrs

    def pace(self) -> Pace:
        """How fast it may go."""
        values = self.validated_data
        return Pace(**{name: values[name] for name in ("canary", "rate", "most_failures", "most_lag")})


class NewBatchSerializer(ChosenSerializer):
    """The same, and how the bytes are changed before they are sent."""

    transform = Text(
        default="",
        allow_blank=True,
        max_length=TRANSFORM_MOST,
        help_text="`name/version` of a registered transform; letters that it does not repair are left out.",
    )


class ApproveBatchSerializer(DlqReasonSerializer):
    """Why, and for which set."""

    set_hash = Text(max_length=64, help_text="Of the batch as it was looked at.")
    break_glass = Flag(
        default=False, help_text="Approve one's own proposal, where DLQ_BREAK_GLASS and a right allow that."
    )


class BatchSerializer(serializers.ModelSerializer[RedriveBatch]):
    """A redrive batch."""

    proposed_by = serializers.CharField(source="proposed_by.username")
    approved_by = serializers.CharField(source="approved_by.username", allow_null=True, default=None)
    second_approved_by = serializers.CharField(
        source="second_approved_by.username", allow_null=True, default=None
    )

    class Meta:
        model = RedriveBatch
        fields: tuple[str, ...] = (
            "id",
            "state",
            "note",
            "reason",
            "size",
            "set_hash",
            "proposed_by",
            "approved_by",
            "second_approved_by",
            "needs_second",
            "change",
            "break_glass",
            "canary",
            "rate",
            "most_failures",
            "most_lag",
            "proposed_at",
            "approved_at",
            "ended_at",
        )


class BatchProgressSerializer(serializers.Serializer[Any]):
    """Its letters by where they stand."""

    waiting = serializers.IntegerField()
    under_way = serializers.IntegerField(help_text="Sent, without an end yet.")
    resolved = serializers.IntegerField()
    failed = serializers.IntegerField()
    skipped = serializers.IntegerField(help_text="They had moved on, or the batch was cancelled.")


class BatchDetailSerializer(BatchSerializer):
    """The same with its progress."""

    progress = BatchProgressSerializer()

    class Meta(BatchSerializer.Meta):
        fields = (*BatchSerializer.Meta.fields, "progress")


def batch_body(batch: RedriveBatch, progress: Progress) -> dict[str, Any]:
    """A batch as `BatchDetailSerializer` shows it."""
    batch.progress = {  # type: ignore[attr-defined]
        "waiting": progress.waiting,
        "under_way": progress.under_way,
        "resolved": progress.resolved,
        "failed": progress.failed,
        "skipped": batch.size - progress.size,
    }
    return dict(BatchDetailSerializer(batch).data)


class ReprocessedSerializer(serializers.Serializer[Any]):
    """Batches that began, and letters that were not taken."""

    batches = BatchSerializer(many=True, help_text="One for each person who had approved letters.")
    refused = DecidedSerializer(many=True)


def reprocessed_body(done: Reprocessed) -> dict[str, Any]:
    """What `ReprocessedSerializer` shows."""
    return {
        "batches": BatchSerializer(done.batches, many=True).data,
        "refused": decided_bodies(done.refused),
    }


class BatchItemSerializer(serializers.ModelSerializer[BatchItem]):
    """What became of one letter of a batch."""

    letter = serializers.IntegerField(source="letter_id")

    class Meta:
        model = BatchItem
        fields = (
            "id",
            "letter",
            "attempt",
            "redrive_id",
            "state",
            "note",
            "reference",
            "sent_at",
            "ended_at",
        )
