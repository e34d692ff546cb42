"""Dead letters, found among very many."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import batched
from typing import TYPE_CHECKING, Any, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import OuterRef, Q

from ..states import STAGE_UNDER_WAY, by_stage
from .cluster import Cluster

if TYPE_CHECKING:
    from .letter import DeadLetter

FEW_CAUSES = 100
"""Of so many causes the first letters of each are looked up; of more, some letter comes soon in any order."""


def standing(states: Iterable[str]) -> Q:
    """That a letter stands in one of these states, asked so that an index of stages answers it."""
    return _at(by_stage(states))


def _at(stages: Mapping[str, frozenset[str]]) -> Q:
    fits = Q(stage__in=sorted(stages))
    if meant := stages.get(STAGE_UNDER_WAY):
        fits &= Q(state__in=sorted(meant.union(stages)))  # every other stage has the name of its state
    return fits


class LetterQuerySet(models.QuerySet["DeadLetter"]):
    """Letters; where they are of few causes, the first of them are found by the first of each cause.

    No index has the letters of several causes in the order of time. Without help the database goes through
    all letters in that order until enough fit, and there may be none.
    """

    _causes: Sequence[int] = ()
    _states: Sequence[str] = ()
    _others: Self | None = None
    """The same letters, of whatever cause and state."""

    def of_causes(self, clusters: models.QuerySet[Cluster], *, states: Sequence[str] = ()) -> Self:
        """Those of these causes, and in these states if any are named."""
        few = list(clusters.order_by().values_list("pk", flat=True)[: FEW_CAUSES + 1])
        found = self.in_states(states)
        if len(few) > FEW_CAUSES:
            return found.filter(cluster__in=clusters)
        found = found.filter(cluster__in=few)
        found._causes, found._states, found._others = few, states, self
        return found

    def in_states(self, states: Sequence[str]) -> Self:
        """Those that stand in one of these, or all if none is named."""
        return self.filter(standing(states)) if states else self

    def head(self, order: "Callable[[LetterQuerySet], LetterQuerySet]", most: int) -> "list[DeadLetter]":
        """The first of them, in an order by time and number that may begin somewhere."""
        if self._others is None:
            return list(order(self)[:most])
        # Nothing but one cause and one stage each: a second condition on them would mislead the planner.
        of_cause = self._others.filter(cluster=OuterRef("pk"))
        stages = [{stage: meant} for stage, meant in by_stage(self._states).items()]
        kinds = [order(of_cause.filter(_at(stage))) for stage in stages] or [order(of_cause)]
        firsts = {
            f"{name}_{n}": ArraySubquery(kind.values(name)[:most])
            for n, kind in enumerate(kinds)
            for name in ("failed_at", "pk")
        }
        rows = Cluster.objects.filter(pk__in=self._causes).annotate(**firsts).values_list(*firsts)
        pairs = (pair for row in rows for pair in batched(row, 2))
        found = [one for times, ids in pairs for one in zip(times, ids, strict=True)]
        found.sort(reverse=str(kinds[0].query.order_by[0]).startswith("-"))
        return list(order(self._others.filter(pk__in=[pk for _, pk in found[:most]])))

    def _clone(self) -> Self:
        clone: Any = super()._clone()  # type: ignore[misc]
        clone._causes, clone._states, clone._others = self._causes, self._states, self._others
        return clone  # type: ignore[no-any-return]
