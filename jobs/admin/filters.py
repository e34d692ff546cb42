"""What the list of jobs can be narrowed by."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Now

from heimdall_project.accounts.models import User
from heimdall_project.events.jobs import FailureClass, Priority
from heimdall_project.streams.admin.selects import MOST, SelectFilter, through_index

from .. import failures
from ..models import AnalysisJob, LogEntry
from ..states import OPEN, Status

RECENT = 1000
"""Log entries whose environments are offered."""
WINDOWS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}


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
