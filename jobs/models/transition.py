"""The timeline of a job."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from ..states import NOTED, Status
from .attempt import AnalysisAttempt
from .job import AnalysisJob


class JobTransition(models.Model):
    """One line of a timeline; the order is that of `id`. Never changed: a trigger refuses it.

    Nor deleted, but by the purge of jobs that ended long ago.

    A line whose two states are the same only tells of something: nothing moved.
    """

    job = models.ForeignKey(AnalysisJob, on_delete=models.CASCADE, related_name="transitions")
    attempt = models.ForeignKey(
        AnalysisAttempt, on_delete=models.CASCADE, null=True, related_name="transitions"
    )
    at = models.DateTimeField(db_default=Now())
    event = models.CharField(max_length=20, help_text="One of `jobs.states.Event`.")
    from_status = models.CharField(max_length=10, blank=True, choices=[(s.value, s.value) for s in Status])
    to_status = models.CharField(max_length=10, choices=[(s.value, s.value) for s in Status])
    topic = models.CharField(max_length=200, blank=True, help_text="The hop through the broker, if any.")
    partition = models.IntegerField(null=True)
    offset = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=200, help_text="User, worker, or part of the system.")
    trace_id = models.CharField(max_length=32, blank=True, help_text="The trace in which it happened.")
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "job_transitions"
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(topic="", partition__isnull=True, offset__isnull=True)
                | (~Q(topic="") & Q(partition__isnull=False, offset__isnull=False)),
                name="transition_hop_is_whole",
            ),
            # A record that is handled again, and changes nothing, leaves its mark once.
            models.UniqueConstraint(
                fields=["job", "event", "topic", "partition", "offset"],
                condition=Q(offset__isnull=False, event__in=sorted(event.value for event in NOTED)),
                name="transition_noted_once",
            ),
        )
        indexes = (
            models.Index(fields=["job", "id"], name="transition_in_order"),
            # For the purge. Lines come in order of time, so this small index finds the old ones.
            BrinIndex(fields=["at"], name="transition_by_age", autosummarize=True),
        )

    def __str__(self) -> str:
        return f"job {self.job_id}: {self.event}"

    @property
    def moved(self) -> bool:
        """Whether the job changed its state."""
        return self.from_status != self.to_status
