"""Who acts, and the record of what they did."""

from datetime import timedelta
from typing import Self

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Now

UNKNOWN_AFTER = timedelta(minutes=1)
"""An act without outcome for so long may have happened or not: nobody came back to say."""


class User(AbstractUser):
    """A person or program with an account. Roles are Django groups."""


class AuditQuerySet(models.QuerySet["AuditEvent"]):
    """Reading the audit trail."""

    def acts(self) -> Self:
        """One row an act: its intent, with `state` ok, failed, running or unknown."""
        return (
            self.filter(kind=AuditEvent.Kind.INTENT)
            .select_related("outcome")
            .annotate(
                state=models.Case(
                    models.When(outcome__result__isnull=False, then=models.F("outcome__result")),
                    models.When(at__gt=Now() - UNKNOWN_AFTER, then=models.Value("running")),
                    default=models.Value("unknown"),
                    output_field=models.CharField(),
                )
            )
        )


class AuditEvent(models.Model):
    """One row of the audit trail: what somebody is about to do, or what came of it.

    A trigger refuses every change (see the migrations). The actor is kept as a number and a name and not
    as a reference: an account may go, what it did stays.
    """

    class Kind(models.TextChoices):
        """Two rows an act."""

        INTENT = "intent", "Intent"
        OUTCOME = "outcome", "Outcome"

    class Result(models.TextChoices):
        """What came of it."""

        OK = "ok", "Done"
        FAILED = "failed", "Failed"

    kind = models.CharField(max_length=7, choices=Kind.choices)
    intent = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="outcome", help_text="Of an outcome."
    )
    at = models.DateTimeField(db_default=Now())
    actor_id = models.BigIntegerField(null=True, help_text="The account; none for the system itself.")
    actor = models.CharField(max_length=150, help_text="The account's name at that time.")
    action = models.CharField(max_length=100, help_text='A stable key such as "consumer.pause".')
    target = models.CharField(max_length=300, help_text="What it is done to.")
    reason = models.TextField(blank=True, help_text="Why, in the actor's words.")
    detail = models.JSONField(default=dict)
    request_id = models.CharField(max_length=128, blank=True)
    remote_address = models.CharField(max_length=100, blank=True)
    result = models.CharField(max_length=6, choices=Result.choices, null=True, help_text="Of an outcome.")  # noqa: DJ001
    error = models.CharField(max_length=200, blank=True, help_text="Class of the error, where it failed.")
    state: str
    """Of an act, as `AuditQuerySet.acts` found it."""

    objects = AuditQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        indexes = (
            models.Index(fields=["-at"], name="audit_latest"),
            models.Index(fields=["action", "-at"], name="audit_by_action"),
            models.Index(fields=["target", "-at"], name="audit_by_target"),
        )
        constraints = (
            models.CheckConstraint(
                name="audit_two_rows_an_act",
                condition=models.Q(kind="intent", intent__isnull=True, result__isnull=True)
                | models.Q(kind="outcome", intent__isnull=False, result__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.actor}: {self.action} {self.target}"
