"""Jobs, their results and their timelines as the API shows them."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from heimdall_project.events.jobs import FailureClass, Severity

from .. import failures
from ..models import AnalysisAttempt, AnalysisJob, JobTransition


class EvidenceSerializer(serializers.Serializer[Any]):
    """A cited line; `line` counts from 1 in the log entry."""

    line = serializers.IntegerField()
    text = serializers.CharField()
    claim = serializers.CharField()


class AnalysisResultSerializer(serializers.Serializer[Any]):
    """What the analysis found."""

    summary = serializers.CharField()
    root_cause = serializers.CharField()
    recommendation = serializers.CharField()
    severity = serializers.ChoiceField(choices=[each.value for each in Severity])
    confidence = serializers.FloatField(min_value=0.0, max_value=1.0)
    component = serializers.CharField(allow_null=True, help_text="Which component fails.")
    evidence = EvidenceSerializer(many=True)


class FailureSerializer(serializers.Serializer[Any]):
    """Why there is no result."""

    failure_class = serializers.ChoiceField(choices=[each.value for each in FailureClass])
    message = serializers.CharField(source="failure_message", allow_blank=True)
    meaning = serializers.SerializerMethodField(help_text="What the class means.")
    next_step = serializers.SerializerMethodField(help_text="What a person can do about it.")
    redrive_helps = serializers.SerializerMethodField(
        help_text="Whether a redrive can end otherwise while everything else stays as it is."
    )

    def get_meaning(self, job: AnalysisJob) -> str:
        """Of the catalogue."""
        return found.meaning if (found := failures.entry(job.failure_class)) else ""

    def get_next_step(self, job: AnalysisJob) -> str:
        """Of the catalogue."""
        return failures.hint(job.failure_class)

    def get_redrive_helps(self, job: AnalysisJob) -> bool:
        """Of the catalogue."""
        return found.redrive_helps if (found := failures.entry(job.failure_class)) else True


class ResultSerializer(serializers.ModelSerializer[AnalysisJob]):
    """What became of a job: still open, a result, or a failure.

    `from_cache` with `computed_at`: the result was served from the cache, and computed then.
    """

    attempt = serializers.IntegerField(help_text="Number of the current attempt, from 1.")
    analysis_id = serializers.IntegerField(source="id")
    log_id = serializers.IntegerField(source="log_entry_id")
    message = serializers.SerializerMethodField(help_text="One sentence on where it stands.")
    analysis_result = serializers.SerializerMethodField()
    failure = serializers.SerializerMethodField()

    class Meta:
        model = AnalysisJob
        fields = (
            "analysis_id",
            "request_id",
            "status",
            "message",
            "log_id",
            "correlation_id",
            "trace_id",
            "attempt",
            "analysis_result",
            "failure",
            "model",
            "from_cache",
            "computed_at",
            "bifrost_analysis_id",
            "duration_seconds",
            "created_at",
            "finished_at",
        )

    def get_message(self, job: AnalysisJob) -> str:
        """One sentence on where the job stands."""
        if job.from_cache and job.computed_at:
            return f"Served from the cache; computed at {job.computed_at.isoformat(timespec='seconds')}."
        return MESSAGES[job.status]

    @extend_schema_field(AnalysisResultSerializer(allow_null=True))
    def get_analysis_result(self, job: AnalysisJob) -> Any:
        """The result; None unless the job succeeded."""
        return job.result

    @extend_schema_field(FailureSerializer(allow_null=True))
    def get_failure(self, job: AnalysisJob) -> Any:
        """Class and message; None unless the job failed."""
        return FailureSerializer(job).data if job.failure_class else None


MESSAGES = {
    "PENDING": "Accepted; the request is on its way to the workers.",
    "QUEUED": "Waiting for a worker.",
    "RUNNING": "A worker is analysing the log.",
    "SUCCEEDED": "Done.",
    "FAILED": "There is no result; see `failure`.",
    "CANCELLED": "Cancelled.",
}


class JobSerializer(serializers.ModelSerializer[AnalysisJob]):
    """A job in a list."""

    analysis_id = serializers.IntegerField(source="id")
    owner = serializers.SlugRelatedField[Any](slug_field="username", read_only=True)
    log_id = serializers.IntegerField(source="log_entry_id")
    service_name = serializers.CharField(source="log_entry.service_name")
    environment = serializers.CharField(source="log_entry.environment")
    summary = serializers.SerializerMethodField(help_text="First words of the result, if there is one.")

    class Meta:
        model = AnalysisJob
        fields = (
            "analysis_id",
            "request_id",
            "status",
            "owner",
            "log_id",
            "service_name",
            "environment",
            "analysis_type",
            "priority",
            "correlation_id",
            "trace_id",
            "summary",
            "from_cache",
            "failure_class",
            "created_at",
            "updated_at",
            "finished_at",
        )

    def get_summary(self, job: AnalysisJob) -> str:
        """The result's summary, "" without one."""
        return str((job.result or {}).get("summary", ""))[:300]


class UsageSerializer(serializers.Serializer[Any]):
    """Tokens that a model counted, all calls together."""

    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()


class AttemptSerializer(serializers.ModelSerializer[AnalysisAttempt]):
    """One try, and why it was begun: `previous` is the number of the attempt that it repeats."""

    previous = serializers.IntegerField(source="previous.number", allow_null=True, default=None)
    usage = UsageSerializer(allow_null=True, help_text="If our worker answered, and the engine counts.")

    class Meta:
        model = AnalysisAttempt
        fields = (
            "number",
            "request_id",
            "origin",
            "previous",
            "round_try",
            "begun_by",
            "reason",
            "due_at",
            "worker",
            "created_at",
            "started_at",
            "lease_expires_at",
            "tries",
            "finished_at",
            "outcome",
            "failure_class",
            "failure_message",
            "usage",
        )


class JobDetailSerializer(JobSerializer):
    """A job with its attempts."""

    failure = serializers.SerializerMethodField()
    attempts = AttemptSerializer(many=True)

    class Meta:
        model = AnalysisJob
        fields = (
            *JobSerializer.Meta.fields,
            "callback_topic",
            "language",
            "metadata",
            "model",
            "bifrost_analysis_id",
            "duration_seconds",
            "from_cache",
            "computed_at",
            "failure_message",
            "failure",
            "attempts",
        )

    @extend_schema_field(FailureSerializer(allow_null=True))
    def get_failure(self, job: AnalysisJob) -> Any:
        """Class, message and next step; None unless the job failed."""
        return FailureSerializer(job).data if job.failure_class else None


class TimelineSerializer(serializers.ModelSerializer[JobTransition]):
    """One line of a timeline. `topic`, `partition` and `offset` tell the hop through the broker, if any."""

    attempt = serializers.IntegerField(source="attempt.number", allow_null=True)
    moved = serializers.BooleanField(help_text="Whether the job changed its state.")
    since_previous_seconds = serializers.SerializerMethodField()

    class Meta:
        model = JobTransition
        fields = (
            "id",
            "at",
            "since_previous_seconds",
            "event",
            "from_status",
            "to_status",
            "moved",
            "attempt",
            "topic",
            "partition",
            "offset",
            "actor",
            "trace_id",
            "note",
        )

    def get_since_previous_seconds(self, line: JobTransition) -> float | None:
        """Seconds since the line before; None for the first."""
        before: datetime | None = self.context.get("before", {}).get(line.pk)
        return None if before is None else (line.at - before).total_seconds()
