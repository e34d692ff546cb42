"""Log entries as the API reads and shows them."""

from typing import Any

from rest_framework import serializers

from heimdall_project.api.serializers import StrictSerializer

from ..models import LogEntry
from ..models.log_entry import ENVIRONMENT_LENGTH, LEVEL_LENGTH, SERVICE_NAME_LENGTH
from ..services import LogDraft
from .fields import Text, one_line

_SHOWN = ("id", "service_name", "environment", "level", "logged_at", "source", "created_at")


class NewLogEntrySerializer(StrictSerializer):
    """A log entry to be stored."""

    content = Text(trim_whitespace=False, help_text="The log; whole records, with their stack traces.")
    service_name = Text(
        max_length=SERVICE_NAME_LENGTH, validators=[one_line], help_text="Which service wrote it."
    )
    environment = Text(
        max_length=ENVIRONMENT_LENGTH, validators=[one_line], help_text="Where it ran, such as production."
    )
    level = Text(
        max_length=LEVEL_LENGTH,
        validators=[one_line],
        required=False,
        help_text="Worst level in it; read out of the log if left out.",
    )
    logged_at = serializers.DateTimeField(
        required=False, help_text="Time of its first record (ISO 8601; UTC without a zone)."
    )

    def draft(self) -> LogDraft:
        """The validated entry."""
        values: dict[str, Any] = self.validated_data
        return LogDraft(**values)


class LogEntrySerializer(serializers.ModelSerializer[LogEntry]):
    """A log entry, whole."""

    class Meta:
        model = LogEntry
        fields = (*_SHOWN, "content")


class LogEntrySummarySerializer(serializers.ModelSerializer[LogEntry]):
    """A log entry in a list: `preview` is the beginning of its content."""

    preview = serializers.CharField()

    class Meta:
        model = LogEntry
        fields = (*_SHOWN, "preview")
