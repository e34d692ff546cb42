"""What a product wants to do when its events are published.

    @on_published(Topic.ANALYSIS_REQUEST)
    def mark_queued(rows: Sequence[Published]) -> None: ...

Hooks run in the transaction in which the relay marks the rows as sent, so what they write in PostgreSQL
stands if and only if the mark does: once an event, even if the event was published twice. A hook that
raises loses its own writes only; the mark stands, the rows stay due, and the relay runs the hook again until
it succeeds, apart from rows that fail for ever. Hooks must be quick: the relay's lease is locked meanwhile.
One that waits for a lock longer than LOCK_TIMEOUT fails.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from django.db import connection, transaction

from ..observability import metrics
from ..observability.logging import get_logger

LOCK_TIMEOUT = "1s"
MOST_FAILURES = 20
"""Failed calls that one round of `run_again` bears."""

log = get_logger(__name__)


class Published(NamedTuple):
    """A row of the outbox that the broker has acknowledged."""

    event_id: str
    topic: str
    key: str
    partition: int
    offset: int
    sent_at: datetime


type Hook = Callable[[Sequence[Published]], object]

_hooks: dict[str, list[Hook]] = {}


def on_published(topic: str) -> Callable[[Hook], Hook]:
    """Register a hook for the events of a topic (logical name). What it answers is not looked at."""

    def add(hook: Hook) -> Hook:
        hooks = _hooks.setdefault(str(topic), [])
        if hook not in hooks:
            hooks.append(hook)
        return hook

    return add


def forget(topic: str, hook: Hook) -> None:
    """Take a hook out again; for tests that register their own."""
    _hooks[topic].remove(hook)


def run(published: Iterable[Published]) -> list[str]:
    """Run the hooks of each topic with its rows; answers the event ids of rows that are still due."""
    failed = [rows for rows in _by_topic(published) if not _call(rows)]
    return [row.event_id for rows in failed for row in rows]


def run_again(published: Iterable[Published]) -> list[str]:
    """The same for rows that failed before: halves what fails, until the culprits stand alone.

    After MOST_FAILURES the rest stays due as well.
    """
    due: list[str] = []
    failures = 0
    pending = _by_topic(published)
    while pending:
        rows = pending.pop()
        if failures < MOST_FAILURES and _call(rows):
            continue
        failures += 1
        if len(rows) == 1 or failures >= MOST_FAILURES:
            due.extend(row.event_id for row in rows)
        else:
            middle = len(rows) // 2
            pending += [rows[middle:], rows[:middle]]
    return due


def _by_topic(published: Iterable[Published]) -> list[list[Published]]:
    """Rows of each topic that has hooks."""
    wanted = sorted((row for row in published if _hooks.get(row.topic)), key=attrgetter("topic"))
    if wanted:
        with connection.cursor() as sql:
            sql.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    return [list(rows) for _, rows in groupby(wanted, key=attrgetter("topic"))]


def _call(rows: Sequence[Published]) -> bool:
    topic = rows[0].topic
    try:
        with transaction.atomic():
            for hook in _hooks[topic]:
                hook(rows)
    except Exception:  # boundary: a hook of a product must not stop the relay; its rows stay due
        if connection.needs_rollback:
            raise  # not the hook's fault: the connection is gone, and with it the whole transaction
        metrics.OUTBOX_HOOK_FAILURES.labels(topic).inc(len(rows))
        log.exception("A publish hook failed", action="publish_hook_failed", topic=topic, rows=len(rows))
        return False
    return True
