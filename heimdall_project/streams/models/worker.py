"""The worker registry: what runs where, and how far behind it is."""

from django.db import models
from django.db.models.functions import Now


class WorkerProcess(models.Model):
    """One running (or ended) worker process; it writes its own row."""

    class State(models.TextChoices):
        """What the process is doing, in its own words."""

        STARTING = "starting", "Starting"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused by an operator"
        WAITING = "waiting", "Waiting for a dependency"
        DRAINING = "draining", "Draining"
        STOPPED = "stopped", "Stopped"
        HALTED = "halted", "Stopped on purpose"
        FAILED = "failed", "Failed"

    ALIVE = (State.STARTING, State.RUNNING, State.PAUSED, State.WAITING, State.DRAINING)

    id = models.CharField(max_length=64, primary_key=True, help_text="Unique a process start.")
    worker = models.CharField(max_length=100, db_index=True)
    group = models.CharField(max_length=200, blank=True)
    host = models.CharField(max_length=200)
    pid = models.IntegerField()
    version = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=10, choices=State.choices)
    reason = models.TextField(blank=True, help_text="Why it waits, stopped or failed.")
    partitions = models.JSONField(default=list, help_text='Assigned, as "topic[0]".')
    lag_records = models.BigIntegerField(null=True)
    lag_seconds = models.FloatField(null=True)
    in_hand = models.IntegerField(default=0, help_text="Records taken in and not finished.")
    metrics_port = models.IntegerField(null=True)
    started_at = models.DateTimeField(db_default=Now())
    heartbeat_at = models.DateTimeField(db_default=Now())
    last_commit_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["worker", "-heartbeat_at"], name="worker_latest"),)
        verbose_name_plural = "worker processes"

    def __str__(self) -> str:
        return f"{self.worker} {self.state} (pid {self.pid} on {self.host})"
