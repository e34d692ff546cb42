"""What the list of jobs can be narrowed by. Plain selects: no script, and within reach of the keyboard."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget

from heimdall_project.accounts.models import User
from heimdall_project.events.jobs import FailureClass, Priority

from .. import failures
from ..models import AnalysisJob, LogEntry
from ..states import OPEN, Status

MOST = 100
"""Choices that a filter offers where the table says which there are."""
RECENT = 1000
"""Log entries whose environments are offered."""
WINDOWS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}


class SelectForm(forms.Form):
    """One select."""

    def __init__(self, name: str, label: str, choices: list[tuple[str, str]], data: dict[str, Any]) -> None:
        super().__init__(data)
        self.fields[name] = forms.ChoiceField(
            label=label, required=False, choices=choices, widget=UnfoldAdminSelectWidget
        )


class SelectFilter(admin.SimpleListFilter):
    """A select with the known values; a value that is not among them still filters."""

    template = "unfold/filters/filters_field.html"
    lookup = ""
    """The column, if it is not called as the parameter is."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The known values, and the one that is set."""
        known = self.values()
        chosen = str(self.used_parameters.get(str(self.parameter_name)) or "")
        if chosen and chosen not in dict(known):
            known.append((chosen, chosen))
        return known

    def values(self) -> list[tuple[str, str]]:
        """Values and what they are called."""
        raise NotImplementedError

    def has_output(self) -> bool:
        """Shown even where there is nothing to choose from yet."""
        return True

    def choices(self, changelist: Any) -> Iterator[Any]:
        """The form that the theme shows."""
        name = str(self.parameter_name)
        listed = [("", "All"), *((str(value), str(title)) for value, title in self.lookup_choices)]
        yield {"form": SelectForm(name, str(self.title).capitalize(), listed, {name: self.value()})}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Rows with the chosen value."""
        chosen = self.value()
        if not chosen:
            return queryset
        if "\0" in chosen:  # PostgreSQL has no such text
            return queryset.none()
        return self.narrowed(queryset, chosen)

    def narrowed(self, queryset: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        """Rows with this value."""
        return queryset.filter(**{self.lookup or str(self.parameter_name): chosen})


class StatusFilter(SelectFilter):
    """By state."""

    title, parameter_name = "status", "status"

    def values(self) -> list[tuple[str, str]]:
        """The states, and all open ones together."""
        return [("open", "Not ended"), *((each.value, each.value.capitalize()) for each in Status)]

    def narrowed(self, queryset: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        """Jobs in this state."""
        states = sorted(OPEN) if chosen == "open" else [chosen]
        return queryset.filter(status__in=states)


class FailureFilter(SelectFilter):
    """By failure class."""

    title, parameter_name = "failure class", "failure_class"

    def values(self) -> list[tuple[str, str]]:
        """The classes."""
        return [(each.value, failures.title(each)) for each in FailureClass]


class PriorityFilter(SelectFilter):
    """By priority."""

    title, parameter_name = "priority", "priority"

    def values(self) -> list[tuple[str, str]]:
        """The priorities."""
        return [(each.value, each.value.capitalize()) for each in Priority]


class ServiceFilter(SelectFilter):
    """By service."""

    title, parameter_name, lookup = "service", "service", "log_entry__service_name"

    def values(self) -> list[tuple[str, str]]:
        """Services that have log entries."""
        return [(name, name) for name in through_index(LogEntry._meta.db_table, "service_name")]


class EnvironmentFilter(SelectFilter):
    """By environment."""

    title, parameter_name, lookup = "environment", "environment", "log_entry__environment"

    def values(self) -> list[tuple[str, str]]:
        """Environments of the newest log entries: no index lists them all."""
        newest = LogEntry.objects.order_by("-created_at", "-id").values_list("environment", flat=True)
        return [(name, name) for name in sorted(set(newest[:RECENT]))[:MOST]]


class OwnerFilter(SelectFilter):
    """By owner."""

    title, parameter_name, lookup = "owner", "owner", "owner__username"

    def values(self) -> list[tuple[str, str]]:
        """Users that have jobs."""
        owners = through_index(AnalysisJob._meta.db_table, "owner_id")
        names = User.objects.filter(pk__in=owners).order_by("username").values_list("username", flat=True)
        return [(name, name) for name in names]


class CacheFilter(SelectFilter):
    """By whether the result was computed for another job."""

    title, parameter_name, lookup = "result", "from_cache", "from_cache"

    def values(self) -> list[tuple[str, str]]:
        """Both."""
        return [("true", "Served from cache"), ("false", "Computed for the job")]

    def narrowed(self, queryset: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        """Results of that kind."""
        return queryset.filter(status=Status.SUCCEEDED, from_cache=chosen == "true")


class LastFilter(SelectFilter):
    """By age, relative to now, so that a saved filter stays true."""

    title, parameter_name = "accepted", "last"

    def values(self) -> list[tuple[str, str]]:
        """The windows."""
        return [(name, f"In the last {name}") for name in WINDOWS]

    def narrowed(self, queryset: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        """Jobs of that age at most."""
        window = WINDOWS.get(chosen)
        return queryset.filter(created_at__gte=Now() - window) if window else queryset.none()


_DISTINCT = """
WITH RECURSIVE found AS (
    SELECT (SELECT {column} FROM {table} ORDER BY {column} LIMIT 1) AS value
    UNION ALL
    SELECT (SELECT {column} FROM {table} WHERE {column} > found.value ORDER BY {column} LIMIT 1)
    FROM found WHERE found.value IS NOT NULL
)
SELECT value FROM found WHERE value IS NOT NULL LIMIT %s
"""


def through_index(table: str, column: str) -> list[Any]:
    """The distinct values of an indexed column, up to `MOST`, each found by one step through the index."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(_DISTINCT.format(table=quote(table), column=quote(column)), [MOST])
        return [value for (value,) in cursor.fetchall()]
