"""What the lists of letters, causes and batches can be narrowed by."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from heimdall_project.accounts.models import User
from heimdall_project.streams import registry, topics
from heimdall_project.streams.admin.selects import MOST, SelectFilter, through_index
from heimdall_project.streams.admin.wording import visible

from ..batch_states import ENDED, BatchState
from ..filters import NAME_LENGTH, states_of
from ..models import CLOSED_LETTERS, Cluster, standing
from ..states import OPEN, REPROCESSED, State, Writer
from .wording import KINDS, STATE_WORDS


def number_of(text: object) -> int:
    """The number of a row out of an address; 0, which no row has, for anything else."""
    digits = str(text)
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 19 else 0


class StateFilter(SelectFilter):
    """By state."""

    title, parameter_name = "state", "state"

    def values(self) -> list[tuple[str, str]]:
        """The states, and names for several together."""
        several = [
            ("open", "Open: something is to be done"),
            (REPROCESSED, "Reprocessed: published or resolved"),
        ]
        return [*several, *STATE_WORDS.items()]

    def narrowed(self, queryset: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        """Letters in these states."""
        states = sorted(OPEN) if chosen == "open" else states_of([chosen])
        return queryset.filter(standing([state for state in states if state in set(State)]))


class CauseFilter(SelectFilter):
    """By cause: the latest open ones are offered."""

    title, parameter_name = "cause", "cluster"

    def values(self) -> list[tuple[str, str]]:
        """Causes by number and error."""
        found = Cluster.objects.filter(total__gt=CLOSED_LETTERS).order_by("-last_seen", "-pk")[:MOST]
        return [(str(each.pk), _name(each)) for each in found]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Those, and the one that is set, by its name too."""
        known = super().lookups(request, model_admin)
        return [(value, _found(value) if value == title else title) for value, title in known]

    def narrowed(self, queryset: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        """Letters of this cause."""
        return queryset.filter(cluster=number_of(chosen))


def _name(cluster: Cluster) -> str:
    return f"#{cluster.pk} {visible(cluster.error_class) or cluster.disposition}"


def _found(number: str) -> str:
    cluster = Cluster.objects.filter(pk=number_of(number)).first()
    return _name(cluster) if cluster else number


class _OfCause(SelectFilter):
    """What all letters of a cause have in common is looked up among the causes, of which there are few."""

    def narrowed(self, queryset: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        """Rows with this value, whichever of the two lists this is."""
        named = {str(self.parameter_name): chosen}
        if queryset.model is Cluster:
            return queryset.filter(**named)
        return queryset.filter(cluster__in=Cluster.objects.filter(**named))


class DispositionFilter(_OfCause):
    """By the kind of failure."""

    title, parameter_name = "kind", "disposition"

    def values(self) -> list[tuple[str, str]]:
        """The kinds."""
        return [(value, kind.title) for value, kind in KINDS.items()]


class TopicFilter(_OfCause):
    """By the topic of the original record."""

    title, parameter_name = "topic", "topic"

    def values(self) -> list[tuple[str, str]]:
        """Declared topics."""
        return [(spec.name, spec.name) for spec in topics.specs() if not spec.name.endswith(".dlt")]


class GroupFilter(_OfCause):
    """By who failed."""

    title, parameter_name = "group", "group"

    def values(self) -> list[tuple[str, str]]:
        """Groups of the registered consumers."""
        groups = [each.group() for each in registry.workers() if issubclass(each, registry.CONSUMER_SHAPES)]
        return [(group, group) for group in groups]


class ErrorFilter(_OfCause):
    """By the class of the error."""

    title, parameter_name = "error", "error_class"

    def values(self) -> list[tuple[str, str]]:
        """Those of the latest causes."""
        latest = Cluster.objects.order_by("-last_seen", "-pk").values_list("error_class", flat=True)[:MOST]
        return [(name, visible(name)) for name in sorted(set(latest)) if name and len(name) <= NAME_LENGTH]


class WriterFilter(SelectFilter):
    """By who wrote the dead letter."""

    title, parameter_name = "written by", "writer"

    def values(self) -> list[tuple[str, str]]:
        """All that are known."""
        return [(each.value, each.value.capitalize()) for each in Writer]


class ContestedFilter(SelectFilter):
    """By whether others claim the place."""

    title, parameter_name = "place", "contested"

    def values(self) -> list[tuple[str, str]]:
        """Both."""
        return [("true", "Contested: others claim it too"), ("false", "Not contested")]

    def narrowed(self, queryset: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        """Letters of that kind."""
        return queryset.filter(contested=chosen == "true")


class OpenFilter(SelectFilter):
    """By whether something is to be done."""

    title, parameter_name = "letters", "open"

    def values(self) -> list[tuple[str, str]]:
        """Both."""
        return [("true", "Something is to be done"), ("false", "All resolved or discarded")]

    def narrowed(self, queryset: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        """Causes of that kind."""
        closed = {"true": {"total__gt": CLOSED_LETTERS}, "false": {"total": CLOSED_LETTERS}}.get(chosen)
        return queryset.filter(**closed) if closed else queryset.none()


class BatchStateFilter(SelectFilter):
    """By state."""

    title, parameter_name = "state", "state"

    def values(self) -> list[tuple[str, str]]:
        """The states, and all that have not ended together."""
        return [("open", "Not ended"), *((each.value, each.value.capitalize()) for each in BatchState)]

    def narrowed(self, queryset: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        """Batches in this state."""
        if chosen == "open":
            return queryset.exclude(state__in=sorted(ENDED))
        return queryset.filter(state=chosen)


OTHERS = "~others"
"""Whoever looks did not propose it; no account is called like that."""


class ProposerFilter(SelectFilter):
    """By who proposed it."""

    title, parameter_name, lookup = "proposed by", "by", "proposed_by__username"

    def values(self) -> list[tuple[str, str]]:
        """People who proposed something."""
        ids = through_index("redrive_batches", "proposed_by_id")
        names = User.objects.filter(pk__in=ids).order_by("username").values_list("username", flat=True)
        return [(OTHERS, "Others than you"), *((name, name) for name in names)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Batches of this person, or of all but the one who looks."""
        if self.value() == OTHERS:
            return queryset.exclude(proposed_by=request.user.pk)
        return super().queryset(request, queryset)
