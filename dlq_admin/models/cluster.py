"""Clusters: dead letters of one cause."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from ..letters.cause import MESSAGE_MOST
from ..states import Disposition
from .fields import ToldField

CLOSED_LETTERS = F("resolved") + F("discarded")
"""Letters of a cluster with which nothing is left to be done."""


class Cluster(models.Model):
    """A cause, and how many letters it has in each state.

    The counters are moved in the transaction that moves the letters, so they are read and never counted.
    """

    fingerprint = models.CharField(max_length=32, help_text="Names the cause; the same in every process.")
    group = models.CharField(max_length=200, blank=True, help_text="Consumer group that failed.")
    topic = models.CharField(max_length=200, help_text="Where its records came from (logical name).")
    error_class = models.CharField(max_length=200, blank=True)
    message = ToldField(
        max_length=MESSAGE_MOST, blank=True, help_text="Without what differs from record to record."
    )
    stack_hash = models.CharField(max_length=64, blank=True, help_text="Names the place that raised.")
    schema = models.CharField(max_length=128, blank=True)
    disposition = models.CharField(max_length=20, choices=[(d.value, d.value) for d in Disposition])
    total = models.BigIntegerField(default=0, db_default=0, help_text="Letters that are in it now.")
    pending = models.BigIntegerField(default=0, db_default=0)
    approved = models.BigIntegerField(default=0, db_default=0)
    reprocessing = models.BigIntegerField(default=0, db_default=0)
    published = models.BigIntegerField(default=0, db_default=0)
    resolved = models.BigIntegerField(default=0, db_default=0)
    failed_again = models.BigIntegerField(default=0, db_default=0)
    discarded = models.BigIntegerField(default=0, db_default=0)
    first_seen = models.DateTimeField(help_text="First failure, by the broker's time.")
    last_seen = models.DateTimeField(help_text="Latest failure.")
    sample = models.ForeignKey(
        "DeadLetter",
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        help_text="One of its letters, to look at.",
    )
    resolved_by = models.ForeignKey(
        "RedriveBatch",
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,  # nobody asks which clusters a batch resolved
        help_text="The redrive that resolved one of its letters last.",
    )
    resolved_at = models.DateTimeField(null=True, help_text="When that was.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "dead_letter_clusters"
        verbose_name = "cause"
        ordering = ("-last_seen", "-id")
        constraints = (
            # A constraint, not `unique=True`: that would add an index for LIKE, which nobody asks for.
            models.UniqueConstraint(fields=["fingerprint"], name="cluster_once_a_cause"),
            models.CheckConstraint(
                name="cluster_counts_add_up",
                condition=Q(
                    total=F("pending")
                    + F("approved")
                    + F("reprocessing")
                    + F("published")
                    + F("resolved")
                    + F("failed_again")
                    + F("discarded")
                ),
            ),
            models.CheckConstraint(
                name="cluster_counts_are_none_below_zero",
                condition=Q(
                    pending__gte=0,
                    approved__gte=0,
                    reprocessing__gte=0,
                    published__gte=0,
                    resolved__gte=0,
                    failed_again__gte=0,
                    discarded__gte=0,
                ),
            ),
            models.CheckConstraint(name="cluster_seen_in_order", condition=Q(last_seen__gte=F("first_seen"))),
        )
        indexes = (models.Index(fields=["-last_seen", "-id"], name="cluster_by_time"),)

    def __str__(self) -> str:
        return f"cause {self.pk}: {self.error_class or self.disposition}"

    @property
    def came_back(self) -> bool:
        """Whether it was seen before, was resolved by a redrive, and failed since."""
        return self.resolved_at is not None and self.last_seen > self.resolved_at


class ClusterTrend(models.Model):
    """Failures of a cluster in one minute or one hour of the broker's time. Only ever added to."""

    class Grain(models.TextChoices):
        """How long a bucket is."""

        MINUTE = "minute", "Minute"
        HOUR = "hour", "Hour"

    cluster = models.ForeignKey(
        Cluster,
        on_delete=models.CASCADE,
        related_name="trend",
        db_index=False,  # `trend_once_a_bucket`
    )
    grain = models.CharField(max_length=6, choices=Grain.choices)
    at = models.DateTimeField(help_text="Where the bucket begins.")
    count = models.BigIntegerField()

    class Meta:
        db_table = "dead_letter_trend"
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=["cluster", "grain", "at"], name="trend_once_a_bucket"),
            models.CheckConstraint(condition=Q(count__gt=0), name="trend_counts_something"),
        )
        indexes = (models.Index(fields=["grain", "at"], name="trend_by_time"),)

    def __str__(self) -> str:
        return f"{self.cluster_id} {self.at:%H:%M} {self.count}"
