"""Is the process up, can it do its work, and what does it measure.

`/livez` asks nobody: a dependency that is down is no reason to restart this process. `/readyz` asks each
dependency by name; only those of `READY_REQUIRES` make it answer 503, the others make it `degraded`.
"""

from collections.abc import Callable, Mapping
from functools import wraps

from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, Q
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from .clients import clickhouse as clickhouse_client
from .clients import redis as redis_client
from .observability import readiness
from .observability.exposition import exposition
from .observability.readiness import Answer, NotWell
from .streams import broker, registry, worker_registry
from .streams.ledger_gauges import gauges
from .streams.models import OutboxMessage, WorkerProcess

State = WorkerProcess.State


@require_safe
@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers."""
    return JsonResponse({"status": "ok", "version": settings.VERSION})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """200 if what is required is well, else 503; the body names each dependency."""
    answers = readiness.ask_all(settings.READY_TIMEOUT)
    status, code = verdict(answers, required=set(settings.READY_REQUIRES))
    dependencies = {
        name: {
            "status": "ok" if answer.ok else "failed",
            "required": name in settings.READY_REQUIRES,
            "latency_ms": round(answer.seconds * 1000, 1),
            **({"error": answer.error} if answer.error else {}),
            **({"facts": answer.facts} if answer.facts else {}),
        }
        for name, answer in answers.items()
    }
    body = {"status": status, "version": settings.VERSION, "dependencies": dependencies}
    headers = {"Retry-After": "5"} if code != 200 else {}
    return JsonResponse(body, status=code, headers=headers)


def verdict(answers: Mapping[str, Answer], *, required: set[str]) -> tuple[str, int]:
    """The word and the HTTP status for what the dependencies answered."""
    failed = {name for name, answer in answers.items() if not answer.ok}
    if failed & required:
        return "unavailable", 503
    return ("degraded" if failed else "ready"), 200


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Metrics of this process for Prometheus; what is in flight is measured here, for all workers."""
    gauges.refresh()
    body, kind = exposition()
    return HttpResponse(body, content_type=kind)


def _with_own_connection(ask: readiness.Ask) -> readiness.Ask:
    """Probes run in threads that end: their database connection ends with them."""

    @wraps(ask)
    def asked(limit: float) -> Mapping[str, object] | None:
        try:
            return ask(limit)
        finally:
            connection.close()

    return asked


@_with_own_connection
def postgresql(limit: float) -> None:
    """PostgreSQL answers a query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def redis(limit: float) -> None:
    """Redis answers."""
    redis_client.ping()


def clickhouse(limit: float) -> None:
    """ClickHouse lets us in and answers a query."""
    clickhouse_client.ping(limit)


def kafka(limit: float) -> None:
    """A broker answers."""
    broker.probe(limit)


@_with_own_connection
def workers(limit: float) -> dict[str, object]:
    """Each declared worker runs somewhere, by its heartbeat; those that are paused or wait are named too."""
    running = dict(worker_registry.alive().order_by().values_list("worker").annotate(Count("pk")))
    missing = [worker.name for worker in registry.workers() if worker.name not in running]
    if missing:
        raise NotWell("not all workers run", running=running, missing=missing)
    held = worker_registry.alive().filter(state__in=(State.PAUSED, State.WAITING)).order_by("worker")
    return {"running": running, "held": dict(held.values_list("worker", "state"))}


@_with_own_connection
def outbox(limit: float) -> dict[str, object]:
    """Events do not wait in the outbox for long."""
    waiting = Q(sent_at__isnull=True)
    found = OutboxMessage.objects.filter(waiting).aggregate(
        unsent=Count("pk"), oldest=Now() - Min("created_at")
    )
    age = found["oldest"].total_seconds() if found["oldest"] else 0.0
    facts = {"unsent": found["unsent"], "oldest_seconds": round(age, 1)}
    if age > settings.READY_OUTBOX_AGE:
        raise NotWell("events wait in the outbox", **facts)
    return facts


PROBES: dict[str, Callable[[float], Mapping[str, object] | None]] = {
    "postgresql": postgresql,
    "kafka": kafka,
    "redis": redis,
    "clickhouse": clickhouse,
    "workers": workers,
    "outbox": outbox,
}
for _name, _ask in PROBES.items():
    readiness.register(_name, _ask)
