"""Letters change their states: compare and set, with a line of history and the counters of their clusters."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.db.models.functions import Now

from heimdall_project.streams.records import Delivered

from ..models import DeadLetter
from ..states import Event, State, sources
from .counting import Move, clusters_count
from .lines import Line, lines_add


class Moved(NamedTuple):
    """A letter that changed its state."""

    id: int
    before: State
    cluster: int
    attempt: int
    redrive_id: str


def letters_move(
    *,
    ids: Iterable[int],
    target: State,
    event: Event,
    actor: str,
    note: str = "",
    only: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    hops: Mapping[int, Delivered] | None = None,
) -> list[Moved]:
    """Move those of these letters that may come to `target` and fit `only`; answers them, as they were.

    In the transaction of its caller. `changes` are set along; `hops` say where the broker put which letter.
    """
    rows = (
        DeadLetter.objects.select_for_update(no_key=True)
        .filter(pk__in=list(ids), state__in=sorted(sources(target)), **(only or {}))
        .order_by("pk")
        .values_list("pk", "state", "cluster_id", "attempt", "redrive_id")
    )
    moved = [Moved(pk, State(before), cluster, n, redrive) for pk, before, cluster, n, redrive in rows]
    if not moved:
        return []
    chosen = DeadLetter.objects.filter(pk__in=[each.id for each in moved])
    chosen.update(state=target.value, moved_at=Now(), **(changes or {}))
    after = dict(chosen.values_list("pk", "attempt"))
    redrives = dict(chosen.values_list("pk", "redrive_id"))
    lines = []
    for each in moved:
        redrive_id = redrives[each.id] if event in _OF_A_REDRIVE else ""
        line = Line(each.id, event, each.before, target, after[each.id], redrive_id, note=note)
        if hops and (hop := hops.get(each.id)):
            line = line._replace(topic=hop.topic, partition=hop.partition, offset=hop.offset)
        lines.append(line)
    lines_add(lines, actor=actor)
    clusters_count([Move(each.cluster, each.before, target, each.id) for each in moved])
    return moved


_OF_A_REDRIVE = frozenset({Event.SENT, Event.PUBLISHED, Event.RESOLVED, Event.GIVEN_UP, Event.FAILED_AGAIN})
