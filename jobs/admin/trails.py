"""Attempts and timelines of all jobs, for looking across them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from heimdall_project.streams.admin.base import ChoiceFilter, LargeTableAdmin
from heimdall_project.streams.admin.wording import duration, moment

from ..models import AnalysisAttempt, JobTransition
from ..states import Event, Outcome
from .wording import OUTCOME_COLOURS, STATUS_COLOURS


def job_link(job_id: int) -> SafeString:
    """A link to the page of a job."""
    address = reverse("admin:jobs_analysisjob_change", args=[job_id])
    return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">#{}</a>', address, job_id)


class OutcomeFilter(ChoiceFilter):
    """By outcome."""

    title, parameter_name = "outcome", "outcome"

    def values(self) -> list[str]:
        """The outcomes."""
        return [each.value for each in Outcome]


class EventFilter(ChoiceFilter):
    """By what happened."""

    title, parameter_name = "event", "event"

    def values(self) -> list[str]:
        """The events."""
        return [each.value for each in Event]


@admin.register(AnalysisAttempt)
class AnalysisAttemptAdmin(LargeTableAdmin):
    """Attempts, newest first."""

    list_display = (
        "number_at_worker",
        "of_job",
        "number",
        "shown_outcome",
        "worker",
        "began",
        "took",
        "tries",
    )
    list_filter = (OutcomeFilter, ("created_at", RangeDateTimeFilter))
    list_filter_submit = True
    search_fields = ("=request_id", "=worker", "=job__id")
    search_help_text = "Search by request id, worker or job number"
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AnalysisAttempt]:
        """Attempts without their answers."""
        return AnalysisAttempt.objects.defer("answer")

    @display(description="Analysis")
    def number_at_worker(self, attempt: AnalysisAttempt) -> str:
        """The `bifrost_analysis_id`."""
        return f"#{attempt.pk}"

    @display(description="Job")
    def of_job(self, attempt: AnalysisAttempt) -> SafeString:
        """Its job."""
        return job_link(attempt.job_id)

    @display(description="Outcome", label=OUTCOME_COLOURS)
    def shown_outcome(self, attempt: AnalysisAttempt) -> str:
        """How it ended."""
        return attempt.outcome or "open"

    @display(description="Began")
    def began(self, attempt: AnalysisAttempt) -> str:
        """First claim."""
        return moment(attempt.started_at)

    @display(description="Took")
    def took(self, attempt: AnalysisAttempt) -> str:
        """From the first claim to the outcome."""
        if not attempt.started_at or not attempt.finished_at:
            return ""
        return duration((attempt.finished_at - attempt.started_at).total_seconds())


@admin.register(JobTransition)
class JobTransitionAdmin(LargeTableAdmin):
    """Lines of all timelines, newest first."""

    list_display = ("when", "of_job", "event", "shown_from", "shown_to", "hop", "actor", "told")
    list_filter = (EventFilter, ("at", RangeDateTimeFilter))
    list_filter_submit = True
    search_fields = ("=job__id", "=actor")
    search_help_text = "Search by job number or actor"
    ordering = ("-id",)

    @display(description="When")
    def when(self, line: JobTransition) -> str:
        """When it was told."""
        return moment(line.at, millis=True)

    @display(description="Note")
    def told(self, line: JobTransition) -> str:
        """What else is to say."""
        return line.note

    @display(description="Job")
    def of_job(self, line: JobTransition) -> SafeString:
        """Its job."""
        return job_link(line.job_id)

    @display(description="From", label=STATUS_COLOURS)
    def shown_from(self, line: JobTransition) -> str | None:
        """State before; nothing where it did not move."""
        return line.from_status if line.moved and line.from_status else None

    @display(description="To", label=STATUS_COLOURS)
    def shown_to(self, line: JobTransition) -> str | None:
        """State after."""
        return line.to_status if line.moved else None

    @display(description="Hop")
    def hop(self, line: JobTransition) -> Any:
        """Where the record stands on the broker."""
        return f"{line.topic}[{line.partition}]@{line.offset}" if line.topic else ""
