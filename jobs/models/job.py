"""Jobs: what somebody asked for, and what became of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from heimdall_project.events.jobs import FailureClass, Priority

from ..states import TERMINAL, Status
from .log_entry import LogEntry

_ENDED = sorted(status.value for status in TERMINAL)


def _choices(kind: type[Status] | type[Priority] | type[FailureClass]) -> list[tuple[str, str]]:
    return [(member.value, member.value.replace("_", " ").capitalize()) for member in kind]


class AnalysisJob(models.Model):
    """One question about one log. Its id is the `analysis_id` of the API.

    `request_id` is that of the current attempt: a result for any other attempt is late.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="analysis_jobs"
    )
    log_entry = models.ForeignKey(LogEntry, on_delete=models.PROTECT, related_name="jobs")
    request_id = models.UUIDField(unique=True, help_text="Of the current attempt.")
    status = models.CharField(max_length=10, choices=_choices(Status), default=Status.PENDING.value)
    analysis_type = models.CharField(max_length=40)
    priority = models.CharField(max_length=8, choices=_choices(Priority), default=Priority.NORMAL.value)
    callback_topic = models.CharField(max_length=200)
    language = models.CharField(max_length=35, blank=True, help_text="Answer language (BCP 47).")
    correlation_id = models.CharField(max_length=128)
    trace_id = models.CharField(max_length=32, blank=True, help_text="Of the request that submitted it.")
    metadata = models.JSONField(default=dict)
    idempotency_key = models.CharField(max_length=200, blank=True)
    body_hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the request body.")
    result = models.JSONField(null=True)
    model = models.CharField(max_length=200, blank=True, help_text="Which engine gave the result.")
    bifrost_analysis_id = models.BigIntegerField(null=True, help_text="The worker's own number.")
    duration_seconds = models.FloatField(null=True, help_text="What the worker says it took.")
    from_cache = models.BooleanField(default=False, help_text="The result was computed for another job.")
    computed_at = models.DateTimeField(null=True, help_text="When the engine computed the result.")
    failure_class = models.CharField(max_length=20, choices=_choices(FailureClass), blank=True)
    failure_message = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "analysis_jobs"
        ordering = ("-created_at", "-id")
        permissions = (
            ("cancel_analysisjob", "Can cancel a job"),
            ("redrive_analysisjob", "Can send a failed job again"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["owner", "idempotency_key"], name="job_once_per_key", condition=~Q(idempotency_key="")
            ),
            models.CheckConstraint(
                condition=Q(status__in=_ENDED, finished_at__isnull=False)
                | (~Q(status__in=_ENDED) & Q(finished_at__isnull=True)),
                name="job_ended_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.SUCCEEDED.value) | Q(result__isnull=False),
                name="job_succeeded_has_result",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.FAILED.value) | ~Q(failure_class=""), name="job_failed_has_class"
            ),
        )
        indexes = (
            # What the pages of the API and of the admin are ordered by.
            models.Index(fields=["-created_at", "-id"], name="job_by_time"),
            models.Index(fields=["owner", "-created_at", "-id"], name="job_by_owner"),
            models.Index(fields=["status", "-created_at", "-id"], name="job_by_status"),
            models.Index(
                fields=["failure_class", "-created_at", "-id"],
                name="job_by_failure",
                condition=~Q(failure_class=""),
            ),
            models.Index(fields=["finished_at"], name="job_by_end", condition=Q(finished_at__isnull=False)),
            # For the purge of old keys.
            models.Index(fields=["created_at"], name="job_with_key", condition=~Q(idempotency_key="")),
            models.Index(fields=["correlation_id"], name="job_by_correlation"),
        )

    def __str__(self) -> str:
        return f"job {self.pk}"
