"""Excerpts of logs: what jobs analyse."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Now, Upper

SERVICE_NAME_LENGTH = 128
ENVIRONMENT_LENGTH = 64
LEVEL_LENGTH = 16


class LogEntry(models.Model):
    """One excerpt of one service's log, whole records with their stack traces."""

    service_name = models.CharField(max_length=SERVICE_NAME_LENGTH)
    environment = models.CharField(max_length=ENVIRONMENT_LENGTH)
    level = models.CharField(max_length=LEVEL_LENGTH, blank=True, help_text="Worst level seen in it.")
    content = models.TextField()
    logged_at = models.DateTimeField(null=True, blank=True, help_text="Time of its first record.")
    source = models.CharField(max_length=300, help_text="How it came here: api, demo, or a file's name.")
    fingerprint = models.CharField(max_length=64, blank=True, help_text="Identity of an imported excerpt.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="log_entries"
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "log_entries"
        ordering = ("-created_at", "-id")
        verbose_name_plural = "log entries"
        constraints = (
            models.UniqueConstraint(
                fields=["fingerprint"], name="log_imported_once", condition=~models.Q(fingerprint="")
            ),
        )
        indexes = (
            models.Index(fields=["-created_at", "-id"], name="log_by_time"),
            models.Index(fields=["service_name", "-created_at", "-id"], name="log_by_service"),
            models.Index(fields=["created_by", "-created_at", "-id"], name="log_by_creator"),
            # The expression is what Django's `icontains` asks for, so that search by part of a word is quick.
            GinIndex(OpClass(Upper("content"), name="gin_trgm_ops"), name="log_content_parts"),
        )

    def __str__(self) -> str:
        return f"log {self.pk} of {self.service_name} ({self.environment})"
