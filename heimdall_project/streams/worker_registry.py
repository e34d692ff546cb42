"""The worker registry: each process reports in its own row and reads its orders in the same round trip.

A killed process cannot say so: its row goes on claiming that it runs, and its heartbeat grows stale.
`alive()` therefore asks for both.
"""

import json
import os
import socket
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, TypedDict
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django.db.models import DurationField, ExpressionWrapper, F, QuerySet
from django.db.models.functions import Now

from ..errors import TransientError
from ..observability.logging import get_logger
from .books import database
from .models import WorkerProcess
from .orders import NO_ORDERS, Beat, Orders

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

State = WorkerProcess.State
KEPT = timedelta(days=7)
"""Rows of processes that ended are deleted after this."""
LOST = "lost"
"""Shown for a process that claims to run and is silent."""
MISSED_BEATS = 5
"""A process that missed so many heartbeats counts as lost."""
_SKIPS = 1000
"""Open skip requests that a process takes notice of at a time."""

type WithAge = WithAnnotations[WorkerProcess, Aged]
type _Who = tuple[str, str, str, str, int, str, int | None]

log = get_logger(__name__)
_metrics_port: int | None = None
_snapshot: Callable[[], Beat] | None = None


def announce_port(port: int | None) -> None:
    """Say on which port this process serves its metrics; registrations made later carry it."""
    global _metrics_port
    _metrics_port = port


def current_beat() -> Beat | None:
    """What the worker of this process would report now; None before it began."""
    return _snapshot() if _snapshot else None


def stale_after() -> timedelta:
    """Age of a heartbeat at which its process counts as lost."""
    return timedelta(seconds=MISSED_BEATS * settings.WORKER_HEARTBEAT)


class Aged(TypedDict):
    """What `with_age` adds to a row."""

    age: timedelta


def with_age() -> "QuerySet[WithAge]":
    """All rows, latest heartbeat first, with its `age` by the database's clock."""
    age = ExpressionWrapper(Now() - F("heartbeat_at"), output_field=DurationField())
    return WorkerProcess.objects.annotate(age=age).order_by("-heartbeat_at")


def fresh() -> "QuerySet[WithAge]":
    """Rows that somebody writes now."""
    return with_age().filter(heartbeat_at__gt=Now() - stale_after())


def alive() -> "QuerySet[WithAge]":
    """Processes that say they run and said so lately."""
    return fresh().filter(state__in=WorkerProcess.ALIVE)


def latest(worker: str) -> "WithAge | None":
    """The row of a worker that was heard of last."""
    return with_age().filter(worker=worker).first()


def states() -> dict[str, str]:
    """What each worker is at, in words; without those never heard of. Raises TransientError."""
    words: dict[str, str] = {}
    with database():
        running = Counter(alive().order_by().values_list("worker", flat=True))
        for row in with_age().order_by("worker", "-heartbeat_at").distinct("worker"):
            many = f" ({running[row.worker]} processes)" if running[row.worker] > 1 else ""
            words[row.worker] = f"{state_of(row)}{many}"
    return words


def state_of(row: "WithAge") -> str:
    """The state that a row of `with_age` stands for: its own word, or `lost` if it fell silent."""
    is_lost = row.state in WorkerProcess.ALIVE and row.age > stale_after()
    return LOST if is_lost else row.state


def prune() -> int:
    """Delete rows that nobody wrote for `KEPT`; answers how many."""
    return WorkerProcess.objects.filter(heartbeat_at__lt=Now() - KEPT).delete()[0]


def retire(worker: str) -> int:
    """Mark rows of this worker whose processes are gone from this machine; answers how many.

    A process that is killed cannot do it itself; its successor does, before the silence would be noticed.
    """
    claimed = WorkerProcess.objects.filter(
        worker=worker, host=socket.gethostname(), state__in=WorkerProcess.ALIVE
    )
    gone = [key for key, pid in claimed.values_list("pk", "pid") if not _exists(pid)]
    reason = "The process is gone and did not say why."
    return claimed.filter(pk__in=gone).update(state=State.FAILED, reason=reason)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


_BEAT = """
WITH beat AS (
    INSERT INTO streams_workerprocess
        (id, worker, "group", host, pid, version, metrics_port, started_at, heartbeat_at,
         state, reason, partitions, lag_records, lag_seconds, in_hand, last_commit_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, now(), now(), %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (id) DO UPDATE SET
        heartbeat_at = now(), state = excluded.state, reason = excluded.reason,
        partitions = excluded.partitions, lag_records = excluded.lag_records,
        lag_seconds = excluded.lag_seconds, in_hand = excluded.in_hand,
        last_commit_at = excluded.last_commit_at
)
SELECT control.paused, control.pause_reason, extract(epoch FROM control.flood_override_until)::float8,
    extract(epoch FROM control.start_requested_at)::float8,
    (SELECT array_agg(ARRAY[topic, partition::text, "offset"::text])
     FROM (SELECT topic, partition, "offset" FROM streams_skiprequest
           WHERE worker = %s AND applied_at IS NULL ORDER BY id LIMIT %s) AS open)
FROM (SELECT 1) AS always LEFT JOIN streams_consumercontrol AS control ON control.worker = %s
"""


class Registration:
    """The row of this process. Make it after the fork."""

    def __init__(self, worker: str, *, group: str = "") -> None:
        host, pid = socket.gethostname(), os.getpid()
        key = f"{worker[:30]}-{pid}-{uuid4().hex[:12]}"
        self._who: _Who = (key, worker, group, host, pid, settings.VERSION, _metrics_port)

    @classmethod
    def of(cls, row: WorkerProcess) -> "Registration":
        """Go on writing a row that another process began."""
        taken = cls(row.worker)
        taken._who = (row.id, row.worker, row.group, row.host, row.pid, row.version, row.metrics_port)
        return taken

    @property
    def id(self) -> str:
        """Key of the row."""
        return self._who[0]

    @property
    def worker(self) -> str:
        """Name of the worker."""
        return self._who[1]

    def beat(self, beat: Beat) -> Orders:
        """Write the report and read the orders: one statement. Raises TransientError without a database."""
        committed = datetime.fromtimestamp(beat.last_commit_at, UTC) if beat.last_commit_at else None
        report = (
            beat.state,
            beat.reason[:2000],
            json.dumps(list(beat.partitions)),
            beat.lag_records,
            beat.lag_seconds,
            beat.in_hand,
            committed,
        )
        with database(), connection.cursor() as sql:
            sql.execute(_BEAT, [*self._who, *report, self.worker, _SKIPS, self.worker])
            return _orders(sql.fetchone())


def _orders(row: tuple[Any, ...]) -> Orders:
    paused, reason, override_until, start_requested_at, skips = row
    return Orders(
        paused=bool(paused),
        pause_reason=reason or "",
        flood_override_until=override_until,
        start_requested_at=start_requested_at,
        skips=frozenset((topic, int(number), int(offset)) for topic, number, offset in skips or ()),
    )


class HeartbeatThread:
    """Reports beside the work, on a database connection of its own; `orders` is what it last read.

    A database that is down is logged once; the last orders stand, and the work goes on.
    """

    def __init__(
        self, registration: Registration, snapshot: Callable[[], Beat], *, interval: float | None = None
    ) -> None:
        self.orders = NO_ORDERS
        self._registration = registration
        self._snapshot = snapshot
        self._interval = interval or settings.WORKER_HEARTBEAT
        self._wake = Event()
        self._final: Beat | None = None
        self._silent = False
        self._tidied = False
        self._thread = Thread(target=self._run, name="heartbeat", daemon=True)

    def greet(self, beat: Beat) -> None:
        """Report and read the orders now, in the calling thread. Raises TransientError."""
        self.orders = self._registration.beat(beat)

    def start(self) -> None:
        """Report now and from now on."""
        global _snapshot
        _snapshot = self._snapshot
        self._thread.start()

    def nudge(self) -> None:
        """Report now: something changed that people wait to see."""
        self._wake.set()

    def stop(self, final: Beat, *, timeout: float = 3.0) -> None:
        """Report a last time and end. Waits `timeout` at most: a frozen database must not hold up an exit."""
        self._final = final
        self._wake.set()
        if self._thread.ident is None:  # it ends before it began; the last word is said all the same
            self._thread.start()
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            while self._final is None:
                self._beat(self._snapshot)
                self._wake.wait(self._interval)
                self._wake.clear()
            final = self._final
            self._beat(lambda: final)
        finally:
            connection.close()

    def _beat(self, snapshot: Callable[[], Beat]) -> None:
        try:
            self.orders = self._registration.beat(snapshot())
            if not self._tidied:
                retire(self._registration.worker)
                prune()
                self._tidied = True
            self._silent = False
        except Exception as error:  # boundary: a report that cannot be written must not end the work
            self._complain(error)
            connection.close()

    def _complain(self, error: Exception) -> None:
        if self._silent:
            return
        self._silent = True
        if isinstance(error, TransientError):
            log.warning(
                "Heartbeats cannot be written; the work goes on.", action="heartbeat_lost", error=str(error)
            )
        else:
            log.exception("A heartbeat failed; the work goes on.", action="heartbeat_failed")
