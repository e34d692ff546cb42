"""The workers that failed, as the registry knows them now."""

from collections.abc import Iterable

from django.db.models import Count, Max, Sum

from heimdall_project.streams import registry, worker_registry
from heimdall_project.streams.models import ConsumerControl

from ..services.consumers_of import consumer_of
from .situation import Crew

type Place = tuple[str, str]
"""Topic and group."""


def crews(places: Iterable[Place]) -> dict[Place, Crew | None]:
    """Who would handle letters of these places; None where nobody here does."""
    names = {place: kind.name if (kind := consumer_of(*place)) else "" for place in set(places)}
    known = _known({name for name in names.values() if name})
    return {place: known[name] if name else None for place, name in names.items()}


def _known(names: set[str]) -> dict[str, Crew]:
    latest = {
        row.worker: row
        for row in worker_registry.with_age()
        .filter(worker__in=names)
        .order_by("worker", "-heartbeat_at")
        .distinct("worker")
    }
    alive = worker_registry.alive().filter(worker__in=names).order_by().values("worker")
    running = {
        row["worker"]: row
        for row in alive.annotate(members=Count("pk"), lag=Sum("lag_records"), late=Max("lag_seconds"))
    }
    held = dict(
        ConsumerControl.objects.filter(worker__in=names, paused=True).values_list("worker", "pause_reason")
    )
    found = {}
    for name in names:
        row, counts = latest.get(name), running.get(name)
        found[name] = Crew(
            worker=name,
            state=worker_registry.state_of(row) if row else "",
            members=counts["members"] if counts else 0,
            lag=counts["lag"] if counts else None,
            lag_seconds=counts["late"] if counts else None,
            reason=held.get(name) or (row.reason if row else ""),
            paused=name in held,
            row=row.pk if row else "",
        )
    return found


def broker_is_away() -> bool:
    """Whether consumers run, and none of them can say how far it is behind."""
    consumers = {each.name for each in registry.workers() if issubclass(each, registry.CONSUMER_SHAPES)}
    lags = (
        worker_registry.alive().filter(worker__in=consumers).order_by().values_list("lag_records", flat=True)
    )
    known = list(lags)
    return bool(known) and all(lag is None for lag in known)


def running(names: set[str]) -> set[str]:
    """Those of these workers that run now."""
    alive = worker_registry.alive().filter(worker__in=names).order_by()
    return set(alive.values_list("worker", flat=True))
