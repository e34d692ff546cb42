"""What operators told a worker to do. The acts themselves are audited by the services that write here."""

from django.db import models
from django.db.models.functions import Now


class ConsumerControl(models.Model):
    """Standing orders for every process of a worker."""

    worker = models.CharField(max_length=100, primary_key=True)
    paused = models.BooleanField(default=False)
    pause_reason = models.CharField(max_length=500, blank=True)
    flood_override_until = models.DateTimeField(null=True, help_text="Until then floods are let through.")
    start_requested_at = models.DateTimeField(
        null=True, help_text="A process that stopped on purpose before this is started again."
    )
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        permissions = (
            ("control_consumer", "Can pause, resume and start workers"),
            ("skip_record", "Can have a worker pass one record by"),
            ("override_flood", "Can let a flood of invalid records through"),
            ("begin_anew", "Can close the books of a topic that was deleted and made anew"),
        )

    def __str__(self) -> str:
        return f"{self.worker}: {'paused' if self.paused else 'running'}"


class SkipRequest(models.Model):
    """An order to pass one record by; it goes to the dead letters, so that nothing is lost."""

    worker = models.CharField(max_length=100)
    topic = models.CharField(max_length=200)
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    reason = models.CharField(max_length=500)
    requested_by = models.CharField(max_length=150)
    requested_at = models.DateTimeField(db_default=Now())
    applied_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["worker", "topic", "partition", "offset"], name="skip_once"),
        )

    def __str__(self) -> str:
        return f"{self.worker} skips {self.topic}[{self.partition}]@{self.offset}"
