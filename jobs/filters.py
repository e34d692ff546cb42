"""Filters of the lists."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django_filters import rest_framework as filters
from rest_framework.exceptions import ValidationError

from heimdall_project.api.filters import TimeFilter
from heimdall_project.events.jobs import FailureClass, Priority

from .models import AnalysisAttempt, AnalysisJob, LogEntry
from .states import Status

type Jobs = QuerySet[AnalysisJob]


def _any_of(kind: type[StrEnum]) -> filters.MultipleChoiceFilter:
    choices = [(each.value, each.value) for each in kind]
    # Not distinct: the rows are, and to ask for it would sort all that fit before the first is shown.
    return filters.MultipleChoiceFilter(
        choices=choices, distinct=False, help_text="May be given several times."
    )


NAME_LENGTH = 200
SEARCHED = 10_000
"""Jobs that a search looks into. An index of the words would be paid for by each job that ends."""


class JobFilter(filters.FilterSet):  # type: ignore[misc]  # the library has no types
    """Which jobs."""

    status = _any_of(Status)
    failure_class = _any_of(FailureClass)
    priority = _any_of(Priority)
    service = filters.CharFilter(
        field_name="log_entry__service_name", max_length=NAME_LENGTH, help_text="Exact name."
    )
    environment = filters.CharFilter(
        field_name="log_entry__environment", max_length=NAME_LENGTH, help_text="Exact name."
    )
    owner = filters.CharFilter(
        method="of_owner", max_length=NAME_LENGTH, help_text="User name, for those who see all jobs."
    )
    from_cache = filters.ChoiceFilter(
        method="of_cache",
        choices=[("true", "true"), ("false", "false")],
        help_text="Jobs that succeeded, by whether the result was computed for another one.",
    )
    correlation_id = filters.CharFilter(max_length=NAME_LENGTH, help_text="Exact.")
    request_id = filters.UUIDFilter(method="of_request", help_text="Of any attempt.")
    since = TimeFilter(
        field_name="created_at", lookup_expr="gte", help_text="Accepted at or after (ISO 8601)."
    )
    until = TimeFilter(field_name="created_at", lookup_expr="lt", help_text="Accepted before (ISO 8601).")
    q = filters.CharFilter(
        method="of_words",
        max_length=NAME_LENGTH,
        help_text="Part of the summary, of the failure's message or of the service's name, upper or lower "
        f"case alike. Looks into the newest {SEARCHED:,} jobs that fit the other filters; `until` leads "
        "further back.",
    )

    class Meta:
        model = AnalysisJob
        fields = ("status", "failure_class", "priority", "service", "environment", "since", "until")

    def of_owner(self, jobs: Jobs, _name: str, username: str) -> Jobs:
        """By user name; looked up first, so that the index of owners serves."""
        owner = get_user_model().objects.filter(username=username).values_list("pk", flat=True).first()
        return jobs.filter(owner=owner) if owner else jobs.none()

    def of_cache(self, jobs: Jobs, _name: str, chosen: str) -> Jobs:
        """Results of that kind."""
        return jobs.filter(status=Status.SUCCEEDED, from_cache=chosen == "true")

    def of_request(self, jobs: Jobs, _name: str, request_id: UUID) -> Jobs:
        """By the request of any attempt."""
        return jobs.filter(pk__in=AnalysisAttempt.objects.filter(request_id=request_id).values("job"))

    def of_words(self, jobs: Jobs, _name: str, _words: str) -> Jobs:
        """Nothing yet: words are looked for in what the other filters leave."""
        return jobs

    def filter_queryset(self, queryset: Jobs) -> Jobs:
        """Jobs that fit every filter."""
        jobs: Jobs = super().filter_queryset(queryset)
        if not (words := self.form.cleaned_data.get("q")):
            return jobs
        newest = jobs.order_by("-created_at", "-pk").values_list("created_at", flat=True)
        if horizon := newest[SEARCHED - 1 : SEARCHED].first():
            jobs = jobs.filter(created_at__gte=horizon)
        return jobs.filter(
            Q(result__summary__icontains=words)
            | Q(failure_message__icontains=words)
            | Q(log_entry__service_name__icontains=words)
        )


def filtered_jobs(jobs: Jobs, given: Mapping[str, Any]) -> Jobs:
    """Jobs by filters out of a body: texts, or lists of texts, by the names of the query's parameters.

    Raises ValidationError with the path of each that does not fit.
    """
    errors = {name: _wrong(name, value) for name, value in given.items() if _wrong(name, value)}
    data = QueryDict(mutable=True)
    for name in given.keys() - errors.keys():
        value = given[name]
        data.setlist(name, value if isinstance(value, list) else [value])
    chosen = JobFilter(data=data, queryset=jobs)
    if errors or not chosen.is_valid():
        raise ValidationError({"filters": {**chosen.errors, **errors}})
    found: Jobs = chosen.qs
    return found


def _wrong(name: str, value: Any) -> str:
    if name not in JobFilter.base_filters:
        return f"There is no such filter; there are: {', '.join(JobFilter.base_filters)}."
    several = isinstance(JobFilter.base_filters[name], filters.MultipleChoiceFilter)
    texts = value if isinstance(value, list) and several else [value]
    return "" if all(isinstance(text, str) for text in texts) else "A text, or a list of texts for a choice."


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
    since = TimeFilter(field_name="created_at", lookup_expr="gte", help_text="Stored at or after (ISO 8601).")
    until = TimeFilter(field_name="created_at", lookup_expr="lt", help_text="Stored before (ISO 8601).")

    class Meta:
        model = LogEntry
        fields = ("q", "service", "environment", "level", "since", "until")
