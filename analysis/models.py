"""What the worker keeps of its own: outcomes of requests that no job of ours made, and tokens of models."""

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


class TokenUsage(models.Model):
    """Tokens settled for one client on one day of UTC, or for one job over all days (then `day` is null)."""

    account = models.CharField(max_length=100, help_text="user:ID, outside, job:ID or request:UUID.")
    day = models.DateField(null=True)
    prompt = models.BigIntegerField(default=0)
    completion = models.BigIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0, help_text="Calls that were not made: no budget left.")
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "token_usage"
        ordering = ("-day", "account")
        verbose_name_plural = "token usage"
        constraints = (
            models.UniqueConstraint(fields=["account", "day"], name="usage_once", nulls_distinct=False),
        )
        indexes = (models.Index(fields=["updated_at"], name="usage_by_age"),)

    def __str__(self) -> str:
        return f"{self.account} on {self.day}" if self.day else self.account

    @property
    def total(self) -> int:
        """Both kinds of tokens."""
        return self.prompt + self.completion


class TokenReservation(models.Model):
    """Tokens that a call under way may use. Settling it deletes it; one that is left behind counts until it
    expires.
    """

    client = models.CharField(max_length=100)
    day = models.DateField()
    job = models.CharField(max_length=100)
    amount = models.PositiveIntegerField()
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "token_reservations"
        indexes = (
            models.Index(fields=["client", "day"], name="reservation_by_client"),
            models.Index(fields=["job"], name="reservation_by_job"),
            models.Index(fields=["expires_at"], name="reservation_by_end"),
        )

    def __str__(self) -> str:
        return f"{self.amount} tokens for {self.client}"
