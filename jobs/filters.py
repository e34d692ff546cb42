"""Filters of the lists."""

from django_filters import rest_framework as filters

from heimdall_project.events.jobs import Priority

from .models import AnalysisJob, LogEntry
from .states import Status


class JobFilter(filters.FilterSet):  # type: ignore[misc]  # the library has no types
    """Which jobs."""

    status = filters.MultipleChoiceFilter(
        choices=[(each.value, each.value) for each in Status], help_text="May be given several times."
    )
    priority = filters.MultipleChoiceFilter(
        choices=[(each.value, each.value) for each in Priority], help_text="May be given several times."
    )
    service = filters.CharFilter(field_name="log_entry__service_name", help_text="Exact name.")
    since = filters.IsoDateTimeFilter(
        field_name="created_at", lookup_expr="gte", help_text="Accepted at or after (ISO 8601)."
    )
    until = filters.IsoDateTimeFilter(
        field_name="created_at", lookup_expr="lt", help_text="Accepted before (ISO 8601)."
    )

    class Meta:
        model = AnalysisJob
        fields = ("status", "priority", "service", "since", "until")


class LogEntryFilter(filters.FilterSet):  # type: ignore[misc]  # the library has no types
    """Which log entries."""

    q = filters.CharFilter(
        field_name="content",
        lookup_expr="icontains",
        help_text="Part of the text, upper or lower case alike.",
    )
    service = filters.CharFilter(field_name="service_name", help_text="Exact name.")
    environment = filters.CharFilter(help_text="Exact name.")
    level = filters.CharFilter(lookup_expr="iexact", help_text="Worst level in the entry.")
    since = filters.IsoDateTimeFilter(
        field_name="created_at", lookup_expr="gte", help_text="Stored at or after (ISO 8601)."
    )
    until = filters.IsoDateTimeFilter(
        field_name="created_at", lookup_expr="lt", help_text="Stored before (ISO 8601)."
    )

    class Meta:
        model = LogEntry
        fields = ("q", "service", "environment", "level", "since", "until")
