"""What became of records that people sent again."""

from django.db import models
from django.db.models.functions import Now


class RedriveOutcome(models.Model):
    """The end of one redriven record, written before its offset is committed."""

    class Status(models.TextChoices):
        """How far it came."""

        STARTED = "started", "handling began; the end is unknown until another status stands here"
        OK = "ok", "handled"
        FAILED = "failed", "failed again"

    redrive_id = models.CharField(max_length=64, primary_key=True)
    group = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status.choices)
    failure_class = models.CharField(max_length=100, blank=True)
    topic = models.CharField(max_length=200)
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    recorded_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.redrive_id} {self.status}"
