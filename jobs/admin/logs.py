"""Log entries for people."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from heimdall_project.accounts.models import User
from heimdall_project.streams.admin.base import OwnPageAdmin
from heimdall_project.streams.admin.selects import SelectFilter
from heimdall_project.streams.admin.wording import cell, moment, visible, visible_prose

from ..models import AnalysisJob, LogEntry
from . import filters
from .log_view import excerpt
from .wording import LEVEL_COLOURS, STATUS_COLOURS

FIRST = 120
"""Characters of the first line in the list."""
JOBS = 20
"""Jobs that the page of an entry lists."""


class LevelFilter(SelectFilter):
    """By worst level."""

    title, parameter_name = "level", "level"

    def values(self) -> list[tuple[str, str]]:
        """The levels that imports write."""
        return [(level, level) for level in LEVEL_COLOURS]


class ServiceFilter(filters.ServiceFilter):
    """By service."""

    lookup = "service_name"


class EnvironmentFilter(filters.EnvironmentFilter):
    """By environment."""

    lookup = "environment"


@admin.register(LogEntry)
class LogEntryAdmin(OwnPageAdmin):
    """Log entries, newest first."""

    list_display = ("number", "service", "shown_level", "first_line", "source", "logged", "analysed")
    list_filter = (LevelFilter, ServiceFilter, EnvironmentFilter, ("created_at", RangeDateTimeFilter))
    list_filter_submit = True
    search_fields = ("content",)
    search_help_text = "Search by part of the text"
    ordering = ("-created_at", "-id")
    page_title = "Log entry"
    change_form_template = "jobs/log.html"

    class Media:
        css = {"all": ("heimdall/pages.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[LogEntry]:
        """Entries without their content; the list shows its beginning."""
        entries = LogEntry.objects.defer("content")
        return entries.annotate(beginning=Left("content", FIRST + 1), job_count=Count("jobs"))

    def page(self, request: HttpRequest, user: User, row: LogEntry) -> dict[str, Any]:
        """The entry and its jobs."""
        return _page(row)

    @display(description="Entry")
    def number(self, entry: LogEntry) -> str:
        """Its id."""
        return f"#{entry.pk}"

    @display(description="Service", header=True)
    def service(self, entry: LogEntry) -> list[str]:
        """Service and environment."""
        return [visible(entry.service_name), visible(entry.environment)]

    @display(description="Level", label=LEVEL_COLOURS)
    def shown_level(self, entry: LogEntry) -> str:
        """Worst level in it."""
        return entry.level or "unknown"

    @display(description="First line")
    def first_line(self, entry: LogEntry) -> SafeString:
        """Its beginning."""
        beginning: str = getattr(entry, "beginning", "")
        return cell(visible(beginning.split("\n", 1)[0]), FIRST)

    @display(description="Logged")
    def logged(self, entry: LogEntry) -> str:
        """Time of its first record."""
        return moment(entry.logged_at)

    @display(description="Jobs")
    def analysed(self, entry: LogEntry) -> int:
        """How many jobs asked about it."""
        return int(getattr(entry, "job_count", 0))


def _page(entry: LogEntry) -> dict[str, Any]:
    jobs = AnalysisJob.objects.filter(log_entry=entry).select_related("owner").defer("metadata")[:JOBS]
    return {
        "entry": entry,
        "level_colour": LEVEL_COLOURS.get(entry.level, "default"),
        "rows": excerpt(entry.content, {}),
        "service": visible(entry.service_name),
        "environment": visible(entry.environment),
        "jobs": [(job, STATUS_COLOURS[job.status], _outcome(job)) for job in jobs],
    }


def _outcome(job: AnalysisJob) -> str:
    """Summary, failure, or nothing yet."""
    result = job.result if isinstance(job.result, dict) else {}
    return visible_prose(str(result.get("summary") or job.failure_message))
