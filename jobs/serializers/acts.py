"""Cancelling and redriving: what may be asked, and what is answered."""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from heimdall_project.api.serializers import StrictSerializer

from ..failures import entry
from ..models import AnalysisJob
from ..selectors import RedrivePreview
from ..services import REDRIVE_MOST, JobRedrive
from .fields import Identifier, Text

REASON_LENGTH = 500


class ReasonSerializer(StrictSerializer):
    """Why."""

    reason = Text(max_length=REASON_LENGTH, help_text="Kept in the audit trail and on the timeline.")


class RedriveManySerializer(StrictSerializer):
    """Either `ids` or `filters`, and the reason; with `dry_run` nothing is sent and no reason is needed."""

    reason = Text(max_length=REASON_LENGTH, required=False, help_text="Required unless `dry_run`.")
    ids = serializers.ListField(
        child=Identifier(),
        required=False,
        min_length=1,
        max_length=REDRIVE_MOST,
        help_text="Which jobs, by analysis_id.",
    )
    filters = serializers.DictField(
        required=False,
        help_text=f"Which jobs, by the filters of the list: the oldest {REDRIVE_MOST} that have ended.",
    )
    dry_run = serializers.BooleanField(default=False, help_text="Only say what would be done.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one way to name the jobs."""
        if ("ids" in attrs) == ("filters" in attrs):
            message = "Not together." if "ids" in attrs else "Give ids or filters."
            raise serializers.ValidationError({"ids": message, "filters": message})
        if "reason" not in attrs and not attrs["dry_run"]:
            raise serializers.ValidationError({"reason": "Required unless dry_run is true."})
        return attrs


class RedriveAcceptedSerializer(serializers.Serializer[Any]):
    """A new attempt was begun, now or earlier under the same Idempotency-Key."""

    analysis_id = serializers.IntegerField()
    request_id = serializers.UUIDField(help_text="Of the new attempt.")
    attempt = serializers.IntegerField()
    status = serializers.CharField(help_text="Where the job stands now.")
    message = serializers.CharField()


class RedriveGroupSerializer(serializers.Serializer[Any]):
    """Jobs that ended the same way."""

    status = serializers.CharField()
    failure_class = serializers.CharField(allow_blank=True)
    jobs = serializers.IntegerField()
    meaning = serializers.CharField(allow_blank=True, help_text="What the class means.")
    hint = serializers.CharField(allow_blank=True, help_text="What to do before the redrive.")
    redrive_helps = serializers.BooleanField(
        help_text="Whether it can end otherwise while everything else stays as it is."
    )
    sample = serializers.ListField(child=serializers.DictField(), help_text="The latest of them.")


class RefusedJobSerializer(serializers.Serializer[Any]):
    """A job that was not sent again."""

    analysis_id = serializers.IntegerField()
    status = serializers.IntegerField(help_text="As if it had been asked for alone: 404 or 409.")
    detail = serializers.CharField()


class RedriveManyAnswerSerializer(serializers.Serializer[Any]):
    """What was done, or, with `dry_run`, what would be done."""

    dry_run = serializers.BooleanField()
    redrivable = serializers.IntegerField(help_text="Jobs that could be sent again before this call.")
    groups = RedriveGroupSerializer(many=True)
    left_alone = serializers.DictField(
        child=serializers.IntegerField(), help_text="Named jobs that can not be sent again, by state."
    )
    redriven = RedriveAcceptedSerializer(many=True)
    refused = RefusedJobSerializer(many=True)
    remaining = serializers.IntegerField(help_text="Jobs that fit and are left for the next call.")


def preview_body(preview: RedrivePreview) -> dict[str, Any]:
    """A preview as `RedriveManyAnswerSerializer` shows it."""
    groups = [
        {
            "status": group.status,
            "failure_class": group.failure_class,
            "jobs": group.count,
            "meaning": group.entry.meaning if group.entry else "",
            "hint": group.entry.advice if group.entry else "",
            "redrive_helps": group.entry.redrive_helps if group.entry else True,
            "sample": [_sample(job) for job in group.sample],
        }
        for group in preview.groups
    ]
    return {"redrivable": preview.redrivable, "groups": groups, "left_alone": preview.left_alone}


def _sample(job: AnalysisJob) -> dict[str, Any]:
    message = job.failure_message or getattr(entry(job.failure_class), "meaning", "")
    return {"analysis_id": job.pk, "failure_message": message[:300], "finished_at": job.finished_at}


def outcomes_body(outcomes: Sequence[JobRedrive]) -> dict[str, Any]:
    """What became of each job."""
    redriven = [accepted_body(each.redriven) for each in outcomes if each.redriven]
    refused = [
        {"analysis_id": each.job_id, "status": each.refused.status, "detail": each.refused.detail}
        for each in outcomes
        if each.refused
    ]
    return {"redriven": redriven, "refused": refused}


def accepted_body(redriven: Any) -> dict[str, Any]:
    """One new attempt as `RedriveAcceptedSerializer` shows it."""
    job, attempt = redriven.job, redriven.attempt
    verb = "was begun before" if redriven.replayed else "was begun"
    return {
        "analysis_id": job.pk,
        "request_id": attempt.request_id,
        "attempt": attempt.number,
        "status": job.status,
        "message": f"Attempt {attempt.number} {verb}; its result will stand at "
        f"/api/v1/analysis/result/{job.pk}.",
    }
