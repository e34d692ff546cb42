"""Deciding about dead letters: what may be asked, and what is answered."""

from typing import Any

from rest_framework import serializers

from heimdall_project.api.serializers import StrictSerializer

from ..models import BatchItem, RedriveBatch
from ..models.batch import REASON_MOST
from ..ramp import Progress
from ..services import BATCH_MOST, MANY, Decided, Pace
from .fields import Identifier, Number, Text


class DlqReasonSerializer(StrictSerializer):
    """Why."""

    reason = Text(max_length=REASON_MOST, help_text="Kept in the audit trail and in the history.")


class ApproveManySerializer(DlqReasonSerializer):
    """Several letters, and why."""

    ids = serializers.ListField(child=Identifier(), min_length=1, max_length=MANY)


class DecidedSerializer(serializers.Serializer[Any]):
    """A letter that was not decided about, and why not."""

    id = serializers.IntegerField()
    status = serializers.IntegerField(help_text="As if it had been asked for alone: 404 or 409.")
    detail = serializers.CharField()


class ApprovedManySerializer(serializers.Serializer[Any]):
    """What became of each."""

    approved = serializers.ListField(child=serializers.IntegerField())
    refused = DecidedSerializer(many=True)


def approved_body(decided: list[Decided]) -> dict[str, Any]:
    """Decisions as `ApprovedManySerializer` shows them."""
    return {
        "approved": [each.letter_id for each in decided if each.refused is None],
        "refused": [
            {"id": each.letter_id, "status": each.refused.status, "detail": each.refused.detail}
            for each in decided
            if each.refused
        ],
    }


class NewBatchSerializer(DlqReasonSerializer):
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


class ApproveBatchSerializer(DlqReasonSerializer):
    """Why, and for which set."""

    set_hash = Text(max_length=64, help_text="Of the batch as it was looked at.")


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
