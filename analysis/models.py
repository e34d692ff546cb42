"""What the worker keeps of its own: outcomes of requests that no job of ours made."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from heimdall_project.events.jobs import FailureClass


class OutsideAnalysis(models.Model):
    """One request of an outside producer, by request_id: a request that comes again gets the same answer.

    Its id is the `bifrost_analysis_id` and comes from the same sequence as the ids of attempts, so that
    a number names one analysis.
    """

    request_id = models.UUIDField(unique=True)
    log_id = models.BigIntegerField(help_text="In the numbering of the producer.")
    service_name = models.CharField(max_length=200)
    environment = models.CharField(max_length=200)
    worker = models.CharField(max_length=200)
    started_at = models.DateTimeField(db_default=Now())
    tries = models.PositiveSmallIntegerField(default=0, help_text="Times the analysis broke unexpectedly.")
    finished_at = models.DateTimeField(null=True)
    failure_class = models.CharField(
        max_length=20, choices=[(each.value, each.value) for each in FailureClass], blank=True
    )
    answer = models.JSONField(null=True)

    class Meta:
        db_table = "outside_analyses"
        ordering = ("-id",)
        verbose_name_plural = "outside analyses"
        constraints = (
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, answer__isnull=True)
                | Q(finished_at__isnull=False, answer__isnull=False),
                name="outside_ended_has_answer",
            ),
        )
        indexes = (models.Index(fields=["finished_at"], name="outside_by_end"),)

    def __str__(self) -> str:
        return f"outside request {self.request_id}"
