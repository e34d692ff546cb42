"""Attempts: each has a request event of its own."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from heimdall_project.events.jobs import FailureClass

from ..states import Outcome
from .job import AnalysisJob


class AnalysisAttempt(models.Model):
    """One try of a job that the control plane began. Its id is the `bifrost_analysis_id` of our worker.

    `answer` is the result event as the worker first wrote it: a request that comes again is answered
    from it, and nothing is analysed twice.
    """

    job = models.ForeignKey(AnalysisJob, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField(help_text="From 1.")
    request_id = models.UUIDField(unique=True)
    created_at = models.DateTimeField(db_default=Now())
    worker = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(null=True)
    lease_expires_at = models.DateTimeField(
        null=True, help_text="The claim lapses then unless it is renewed."
    )
    tries = models.PositiveSmallIntegerField(default=0, help_text="Times the analysis broke unexpectedly.")
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=[(o.value, o.value) for o in Outcome], blank=True)
    failure_class = models.CharField(
        max_length=20, choices=[(each.value, each.value) for each in FailureClass], blank=True
    )
    failure_message = models.TextField(blank=True)
    answer = models.JSONField(null=True)

    class Meta:
        db_table = "analysis_attempts"
        ordering = ("job", "number")
        constraints = (
            models.UniqueConstraint(fields=["job", "number"], name="attempt_number_once"),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, outcome="")
                | (Q(finished_at__isnull=False) & ~Q(outcome="")),
                name="attempt_ended_has_outcome",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=Outcome.FAILED.value) | ~Q(failure_class=""),
                name="attempt_failed_has_class",
            ),
        )
        indexes = (
            models.Index(
                fields=["lease_expires_at"],
                name="attempt_leased",
                condition=Q(finished_at__isnull=True, lease_expires_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"attempt {self.number} of job {self.job_id}"
