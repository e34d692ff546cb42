"""Attempts: each has a request event of its own."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from heimdall_project.events.jobs import FailureClass

from ..states import Origin, Outcome
from .job import AnalysisJob


class AnalysisAttempt(models.Model):
    """One try of a job that the control plane began. Its id is the `bifrost_analysis_id` of our worker.

    `answer` is the result event as the worker first wrote it: a request that comes again is answered
    from it, and nothing is analysed twice.
    """

    job = models.ForeignKey(AnalysisJob, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField(help_text="From 1.")
    request_id = models.UUIDField(unique=True)
    origin = models.CharField(
        max_length=10, choices=[(o.value, o.value) for o in Origin], default=Origin.SUBMITTED.value
    )
    previous = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, related_name="successors", help_text="What it repeats."
    )
    round_try = models.PositiveSmallIntegerField(
        default=1, help_text="Which try since the job was submitted or last redriven, from 1."
    )
    begun_by = models.CharField(max_length=200, blank=True, help_text="Who or what began it.")
    reason = models.TextField(blank=True, help_text="Why it was begun, if it was not submitted.")
    redrive_id = models.CharField(
        max_length=64, blank=True, help_text="The redrive that asked for it: the same one begins it once."
    )
    due_at = models.DateTimeField(null=True, help_text="Its request event is written then; null: it was.")
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
            models.UniqueConstraint(
                fields=["redrive_id"], name="attempt_once_a_redrive", condition=~Q(redrive_id="")
            ),
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
            # What the sweeper looks for: attempts whose event is to be written, and those nobody claimed.
            models.Index(fields=["due_at"], name="attempt_due", condition=Q(due_at__isnull=False)),
            models.Index(
                fields=["created_at"],
                name="attempt_unclaimed",
                condition=Q(finished_at__isnull=True, started_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"attempt {self.number} of job {self.job_id}"
