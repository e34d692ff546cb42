"""Filters of the lists."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from django.core.validators import RegexValidator
from django.db.models import F, Q, QuerySet
from django.http import QueryDict
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError

from heimdall_project.api.filters import TimeFilter

from .batch_states import BatchState
from .models import CLOSED_LETTERS, Cluster, DeadLetter, LetterQuerySet, RedriveBatch
from .states import GROUPS, Disposition, State, Writer

type Letters = LetterQuerySet
type Clusters = QuerySet[Cluster]
NAME_LENGTH = 200
STATES = (*(state.value for state in State), *GROUPS)


def _any_of(kind: type[StrEnum]) -> filters.MultipleChoiceFilter:
    choices = [(each.value, each.value) for each in kind]
    # Not distinct: the rows are, and to ask for it would sort all that fit before the first is shown.
    return filters.MultipleChoiceFilter(
        choices=choices, distinct=False, help_text="May be given several times."
    )


def _name(help_text: str, method: str | None = None) -> filters.CharFilter:
    return filters.CharFilter(method=method, max_length=NAME_LENGTH, help_text=help_text)


def _whether(help_text: str) -> filters.ChoiceFilter:
    return filters.ChoiceFilter(
        method="that_is_so", choices=[("true", "true"), ("false", "false")], help_text=help_text
    )


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": 10**18 - 1})
class NumberFilter(filters.CharFilter):  # type: ignore[misc]  # the library has no types
    """The number of a row, in ASCII digits."""

    def __init__(self, **options: Any) -> None:
        digits = RegexValidator(r"\A[1-9][0-9]{0,17}\Z", "Not the number of a row.")
        super().__init__(validators=[digits], **options)


def states_of(names: list[str]) -> list[str]:
    """States by their names; `REPROCESSED` stands for two."""
    return sorted({state for name in names for state in GROUPS.get(name, frozenset({name}))})


class LetterFilter(filters.FilterSet):  # type: ignore[misc]  # the library has no types
    """Which dead letters."""

    state = filters.MultipleChoiceFilter(
        method="in_states",
        choices=[(name, name) for name in STATES],
        help_text="May be given several times. REPROCESSED is PUBLISHED or RESOLVED.",
    )
    cluster = NumberFilter(method="of_cluster", help_text="The id of its cause.")
    disposition = filters.MultipleChoiceFilter(
        method="of_dispositions",
        choices=[(each.value, each.value) for each in Disposition],
        help_text="May be given several times.",
    )
    topic = _name("Where the record came from: exact name.", "of_topic")
    group = _name("Who failed: exact name of the consumer group.", "of_group")
    error_class = _name("Exact name.", "of_error_class")
    writer = _any_of(Writer)
    event_id = _name("Exact.")
    correlation_id = _name("Exact.")
    trace_id = _name("Exact.")
    redrive_id = _name("Of its last redrive: exact.", "of_redrive")
    contested = _whether("Whether letters with different records claim its place.")
    proven = _whether("Whether a proof says that a worker here wrote it, just as it is.")
    same_place = NumberFilter(
        method="of_place", help_text="All that claim the place of this letter, itself included."
    )
    since = TimeFilter(field_name="failed_at", lookup_expr="gte", help_text="Failed at or after (ISO 8601).")
    until = TimeFilter(field_name="failed_at", lookup_expr="lt", help_text="Failed before (ISO 8601).")

    class Meta:
        model = DeadLetter
        fields = ("state", "cluster", "disposition", "topic", "group", "error_class", "since", "until")

    def filter_queryset(self, letters: Letters) -> Letters:
        """Those that fit all."""
        self._of_causes: list[Q] = []
        self._states: list[str] = []
        found: LetterQuerySet = super().filter_queryset(letters)
        if not self._of_causes:
            return found.in_states(self._states)
        # What all letters of a cause have in common is looked up among the causes, of which there are few.
        return found.of_causes(Cluster.objects.filter(*self._of_causes), states=self._states)

    def in_states(self, letters: Letters, _name: str, names: list[str]) -> Letters:
        """Those that stand in one of these."""
        self._states = states_of(names)
        return letters

    def of_cluster(self, letters: Letters, _name: str, number: str) -> Letters:
        """Of one cause."""
        self._of_causes.append(Q(pk=int(number)))
        return letters

    def that_is_so(self, letters: Letters, name: str, chosen: str) -> Letters:
        """By a column that says yes or no."""
        return letters.filter(**{name: chosen == "true"})

    def of_place(self, letters: Letters, _name: str, number: str) -> Letters:
        """Those that name the same record."""
        place = DeadLetter.objects.filter(pk=int(number)).values("topic", "partition", "offset", "group")
        return letters.filter(**found) if (found := place.first()) else letters.none()

    def of_redrive(self, letters: Letters, _name: str, redrive_id: str) -> Letters:
        """The one that it sent again last."""
        return letters.filter(redrive_id=redrive_id).exclude(redrive_id="")

    def of_dispositions(self, letters: Letters, _name: str, dispositions: list[str]) -> Letters:
        """By the kind of failure."""
        if dispositions:
            self._of_causes.append(Q(disposition__in=dispositions))
        return letters

    def of_topic(self, letters: Letters, _name: str, topic: str) -> Letters:
        """By the topic of the record."""
        self._of_causes.append(Q(topic=topic))
        return letters

    def of_group(self, letters: Letters, _name: str, group: str) -> Letters:
        """By who failed."""
        self._of_causes.append(Q(group=group))
        return letters

    def of_error_class(self, letters: Letters, _name: str, error_class: str) -> Letters:
        """By the class of the error."""
        self._of_causes.append(Q(error_class=error_class))
        return letters


class ClusterFilter(filters.FilterSet):  # type: ignore[misc]
    """Which clusters."""

    open = filters.ChoiceFilter(
        method="with_open",
        choices=[("true", "true"), ("false", "false")],
        help_text="Whether it has letters that are neither resolved nor discarded.",
    )
    came_back = filters.ChoiceFilter(
        method="that_came_back",
        choices=[("true", "true"), ("false", "false")],
        help_text="Whether it failed again after a redrive had resolved letters of it.",
    )
    state = filters.ChoiceFilter(
        method="with_state",
        choices=[(state.value, state.value) for state in State],
        help_text="It has letters in this state.",
    )
    disposition = _any_of(Disposition)
    topic = _name("Exact name.")
    group = _name("Exact name.")
    error_class = _name("Exact name.")
    since = TimeFilter(field_name="last_seen", lookup_expr="gte", help_text="Seen at or after (ISO 8601).")
    until = TimeFilter(field_name="last_seen", lookup_expr="lt", help_text="Last seen before (ISO 8601).")

    class Meta:
        model = Cluster
        fields = (
            "open",
            "came_back",
            "state",
            "disposition",
            "topic",
            "group",
            "error_class",
            "since",
            "until",
        )

    def with_open(self, clusters: Clusters, _name: str, chosen: str) -> Clusters:
        """By whether something is to be done."""
        if chosen == "true":
            return clusters.filter(total__gt=CLOSED_LETTERS)
        return clusters.filter(total=CLOSED_LETTERS)

    def that_came_back(self, clusters: Clusters, _name: str, chosen: str) -> Clusters:
        """By whether it was seen before, and resolved."""
        back = Q(resolved_at__isnull=False, last_seen__gt=F("resolved_at"))
        return clusters.filter(back if chosen == "true" else ~back)

    def with_state(self, clusters: Clusters, _name: str, state: str) -> Clusters:
        """By a counter."""
        return clusters.filter(**{f"{state.lower()}__gt": 0})


class BatchFilter(filters.FilterSet):  # type: ignore[misc]
    """Which batches."""

    state = _any_of(BatchState)

    class Meta:
        model = RedriveBatch
        fields = ("state",)


def filtered_letters(given: Mapping[str, Any]) -> Letters:
    """Letters by filters out of a body: texts, or lists of texts, by the names of the query's parameters.

    Raises ValidationError with the path of each that does not fit.
    """
    errors = {name: _wrong(name, value) for name, value in given.items() if _wrong(name, value)}
    data = QueryDict(mutable=True)
    for name in given.keys() - errors.keys():
        value = given[name]
        data.setlist(name, value if isinstance(value, list) else [value])
    chosen = LetterFilter(data=data, queryset=DeadLetter.objects.all())
    if errors or not chosen.is_valid():
        raise ValidationError({"filters": {**chosen.errors, **errors}})
    found: Letters = chosen.qs
    return found


def _wrong(name: str, value: Any) -> str:
    if name not in LetterFilter.base_filters:
        return f"There is no such filter; there are: {', '.join(LetterFilter.base_filters)}."
    several = isinstance(LetterFilter.base_filters[name], filters.MultipleChoiceFilter)
    texts = value if isinstance(value, list) and several else [value]
    return "" if all(isinstance(text, str) for text in texts) else "A text, or a list of texts for a choice."
