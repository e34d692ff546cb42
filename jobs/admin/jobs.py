"""The list of jobs, and the page of one."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from heimdall_project.accounts.models import User
from heimdall_project.api import stream
from heimdall_project.streams.admin.base import OwnPageAdmin
from heimdall_project.streams.admin.wording import age, cell, duration, visible

from .. import failures
from ..models import AnalysisJob
from ..states import Event
from . import job_view, searching
from .console import ConsoleAdmin
from .filters import (
    CacheFilter,
    EnvironmentFilter,
    FailureFilter,
    LastFilter,
    OwnerFilter,
    PriorityFilter,
    ServiceFilter,
    StatusFilter,
)
from .orders import OrdersAdmin
from .wording import PRIORITY_COLOURS, STATUS_COLOURS

SHOWN = 110
"""Characters of a summary in the list."""


@admin.register(AnalysisJob)
class AnalysisJobAdmin(OrdersAdmin, ConsoleAdmin, OwnPageAdmin):
    """Jobs, newest first."""

    list_display = ("number", "shown_status", "service", "shown_priority", "outcome", "owner", "age", "took")
    list_filter = (
        StatusFilter,
        FailureFilter,
        ServiceFilter,
        EnvironmentFilter,
        PriorityFilter,
        OwnerFilter,
        CacheFilter,
        LastFilter,
        ("created_at", RangeDateTimeFilter),
    )
    list_filter_submit = True
    search_fields = ("id",)  # the theme shows the field for it; `get_search_results` does the search
    search_help_text = searching.HELP
    ordering = ("-created_at", "-id")
    page_title = "Job"
    change_form_template = "jobs/job.html"

    class Media:
        css = {"all": ("heimdall/pages.css", "heimdall/lists.css")}
        js = ("jobs/console.js",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AnalysisJob]:
        """Jobs with what the list shows of owner and log."""
        jobs = AnalysisJob.objects.select_related("log_entry", "owner")
        return jobs.defer("log_entry__content", "metadata")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AnalysisJob], search_term: str
    ) -> tuple[QuerySet[AnalysisJob], bool]:
        """By what jobs are called; no row comes twice."""
        return searching.search(queryset, search_term), False

    def page(self, request: HttpRequest, user: User, row: AnalysisJob) -> dict[str, Any]:
        """The job, and where its timeline is told."""
        live = {"stream_url": stream.public_url(request, f"jobs/{row.pk}"), "news": " ".join(Event)}
        return {**job_view.page(row, user), **live}

    @display(description="Job")
    def number(self, job: AnalysisJob) -> str:
        """Its id."""
        return f"#{job.pk}"

    @display(description="Status", label=STATUS_COLOURS)
    def shown_status(self, job: AnalysisJob) -> str:
        """Where it stands."""
        return job.status

    @display(description="Service", header=True)
    def service(self, job: AnalysisJob) -> list[str]:
        """Service and environment."""
        return [visible(job.log_entry.service_name), visible(job.log_entry.environment)]

    @display(description="Priority", label=PRIORITY_COLOURS)
    def shown_priority(self, job: AnalysisJob) -> str:
        """How urgent it is."""
        return job.priority

    @display(description="What came of it")
    def outcome(self, job: AnalysisJob) -> SafeString:
        """Summary, failure, or nothing yet."""
        if job.failure_class:
            return cell(visible(f"{failures.title(job.failure_class)}: {job.failure_message}"), SHOWN)
        return cell(visible(str((job.result or {}).get("summary", ""))), SHOWN)

    @display(description="Age")
    def age(self, job: AnalysisJob) -> str:
        """Since it was accepted."""
        return age((timezone.now() - job.created_at).total_seconds())

    @display(description="Took")
    def took(self, job: AnalysisJob) -> str:
        """From acceptance to its end."""
        return duration((job.finished_at - job.created_at).total_seconds()) if job.finished_at else ""
