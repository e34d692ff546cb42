"""The ledger: what became of every record that a group has passed."""

from django.db import models
from django.db.models.functions import Now

from ..outcomes import Outcome


class ConsumerCursor(models.Model):
    """How far the outcomes of a group are counted; moves only together with the counts."""

    group = models.CharField(max_length=200)
    topic = models.CharField(max_length=200)
    partition = models.IntegerField()
    start_offset = models.BigIntegerField(help_text="Where the group began; outcomes sum to next - start.")
    next_offset = models.BigIntegerField()
    topic_id = models.CharField(
        max_length=40,
        blank=True,
        help_text="The broker's id of the topic; another one means it was recreated.",
    )
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["group", "topic", "partition"], name="cursor_unique"),
            models.CheckConstraint(
                condition=models.Q(next_offset__gte=models.F("start_offset")), name="cursor_forward"
            ),
        )

    def __str__(self) -> str:
        return f"{self.group} {self.topic}[{self.partition}] at {self.next_offset}"


class LedgerEntry(models.Model):
    """Records of one partition, minute (broker's timestamp) and source that ended one way."""

    group = models.CharField(max_length=200)
    topic = models.CharField(max_length=200)
    partition = models.IntegerField()
    minute = models.DateTimeField()
    source = models.CharField(max_length=40)
    outcome = models.CharField(max_length=20, choices=[(o.value, o.value) for o in Outcome])
    rule = models.CharField(max_length=60, blank=True)
    count = models.BigIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["group", "topic", "partition", "minute", "source", "outcome", "rule"],
                name="ledger_unique",
            ),
            models.CheckConstraint(condition=models.Q(count__gt=0), name="ledger_counts_something"),
        )
        indexes = (models.Index(fields=["topic", "minute"], name="ledger_by_minute"),)
        verbose_name_plural = "ledger entries"

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}] {self.minute:%H:%M} {self.outcome} {self.count}"


class TopicEnd(models.Model):
    """A topic that was deleted and made anew, and with which a group is done: its books are closed.

    Its cursors and entries are kept under the topic's name, `@` and the id of the one that is gone.
    """

    group = models.CharField(max_length=200)
    topic = models.CharField(max_length=200)
    began_at = models.DateTimeField(
        help_text="The broker's time of the first record of the new one; what arrived before is of the old."
    )
    closed_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (models.Index(fields=["group", "topic"], name="ends_by_topic"),)

    def __str__(self) -> str:
        return f"{self.group} {self.topic} before {self.began_at:%Y-%m-%d %H:%M:%S}"


class FloodWindow(models.Model):
    """Good and bad records of the running window, kept so that a restart does not forget them."""

    group = models.CharField(max_length=200, primary_key=True)
    started_at = models.FloatField(help_text="Seconds since the epoch.")
    good = models.BigIntegerField(default=0)
    bad = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.group}: {self.bad} bad of {self.good + self.bad}"
