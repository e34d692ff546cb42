"""All that happened to a dead letter."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from ..states import State
from .fields import ToldField
from .letter import DeadLetter


class LetterLine(models.Model):
    """One line of a letter's history; the order is that of `id`. Never changed: a trigger refuses it.

    Nor deleted, but by the cleanup. A line whose two states are the same only tells of something.
    """

    letter = models.ForeignKey(
        DeadLetter,
        on_delete=models.CASCADE,
        related_name="history",
        db_index=False,  # `line_in_order`
        db_constraint=False,  # lines are written in the statement that moves their letter: it is there
    )
    at = models.DateTimeField(db_default=Now())
    event = models.CharField(max_length=20, help_text="One of `dlq_admin.states.Event`.")
    from_state = models.CharField(max_length=12, blank=True, choices=[(s.value, s.value) for s in State])
    to_state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State])
    attempt = models.IntegerField()
    actor = models.CharField(max_length=200, help_text="User, worker, or part of the system.")
    redrive_id = models.CharField(max_length=64, blank=True)
    topic = models.CharField(max_length=200, blank=True, help_text="The hop through the broker, if any.")
    partition = models.IntegerField(null=True)
    offset = models.BigIntegerField(null=True)
    note = ToldField(max_length=700, blank=True)

    class Meta:
        db_table = "dead_letter_history"
        ordering = ("id",)
        default_permissions = ()
        constraints = (
            models.CheckConstraint(
                condition=Q(topic="", partition__isnull=True, offset__isnull=True)
                | (~Q(topic="") & Q(partition__isnull=False, offset__isnull=False)),
                name="line_hop_is_whole",
            ),
        )
        indexes = (models.Index(fields=["letter", "id"], name="line_in_order"),)

    def __str__(self) -> str:
        return f"dead letter {self.letter_id}: {self.event}"
