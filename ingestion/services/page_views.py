"""Storing page views: one insert a batch, and what to do where it does not go well."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from time import monotonic

from heimdall_project.errors import InvalidMessage, TransientError
from heimdall_project.events.page_views import PageView
from heimdall_project.observability import metrics
from heimdall_project.observability.crash import crash_point
from heimdall_project.observability.logging import get_logger
from heimdall_project.streams.consumer import Batch
from heimdall_project.streams.records import Record

from ..budgets import SEARCH_BUDGET
from ..writing.bisection import Bisection
from ..writing.parcels import Parcel
from ..writing.ports import DEPENDENCY, OutcomeUnknown, RowsRefused, Table
from ..writing.rows import rows_of

log = get_logger(__name__)
MOST_REFUSED = 100
"""Refused rows of one batch after which the search is interrupted: they may be a flood."""
_TABLE = "page_views"
_UNKNOWN_AT_MOST = 1000


class RefusedByClickHouse(InvalidMessage):
    """A record that fits its contract and not its table."""


class PageViewStore:
    """Stores batches in a table. Shared by the writer's threads."""

    def __init__(self, table: Table, *, clock: Callable[[], float] = monotonic) -> None:
        self._table = table
        self._clock = clock
        self._unknown: dict[str, None] = {}
        """Tokens of inserts that were sent and not answered, oldest first."""
        self._lock = Lock()

    def page_views_store(self, *, batch: Batch[PageView]) -> None:
        """Store every event of a batch. Raises TransientError; rows that are refused are rejected one by one.

        Idempotent: a row says what it is (event_id) and where it came from, and the tables keep one of each.
        """
        rows = rows_of(batch.place, batch.records, batch.events)
        search = Bisection(len(rows), most_refused=MOST_REFUSED)
        began = self._clock()
        while (part := search.next()) is not None:
            if search.is_searching and not (batch.go_on() and self._clock() - began < SEARCH_BUDGET):
                break
            try:
                self._store(Parcel(rows[part.start : part.stop]))
            except RowsRefused as refusal:
                if search.refused() and not self._table.kept(batch.records[part.start : part.stop]):
                    batch.reject(batch.records[part.start], RefusedByClickHouse(refusal.reason))
            else:
                search.stored()
        if search.left >= 0:
            batch.leave_from(batch.records[search.left])

    def page_views_kept(self, *, records: Sequence[Record]) -> set[int]:
        """Offsets of records of one partition that are stored, whoever stored them. Raises TransientError."""
        return self._table.kept(records)

    def _store(self, parcel: Parcel) -> None:
        """Store one parcel, or raise; nothing that is not known is taken for done."""
        if parcel.token in self._unknown and self._found(parcel):
            return
        crash_point("writer.before_insert")
        try:
            with _measured(parcel):
                self._table.insert(parcel)
        except OutcomeUnknown as error:
            self._remember(parcel)
            log.warning(
                "An insert was not answered; its rows are counted.",
                action="insert_unknown",
                insert=parcel.token,
                error=str(error),
            )
            if not self._found(parcel):
                raise TransientError(DEPENDENCY, f"an insert was not answered: {error}") from error
        else:
            self._forget(parcel)
        crash_point("writer.after_insert")

    def _found(self, parcel: Parcel) -> bool:
        """Whether an insert without an answer was applied. Raises TransientError."""
        if not self._table.holds(parcel):
            metrics.INSERT_COUNTS.labels(_TABLE, "missing").inc()
            return False
        metrics.INSERT_COUNTS.labels(_TABLE, "stored").inc()
        self._forget(parcel)
        return True

    def _remember(self, parcel: Parcel) -> None:
        with self._lock:
            self._unknown[parcel.token] = None
            while len(self._unknown) > _UNKNOWN_AT_MOST:  # a token alone is enough to repeat safely
                del self._unknown[next(iter(self._unknown))]

    def _forget(self, parcel: Parcel) -> None:
        if self._unknown:
            with self._lock:
                self._unknown.pop(parcel.token, None)


@contextmanager
def _measured(parcel: Parcel) -> Iterator[None]:
    outcome = "outage"
    try:
        with metrics.INSERT_SECONDS.labels(_TABLE).time():
            yield
        outcome = "stored"
    except RowsRefused:
        outcome = "refused"
        raise
    except OutcomeUnknown:
        outcome = "unknown"
        raise
    finally:
        metrics.INSERTS.labels(_TABLE, outcome).inc()
        if outcome == "stored":
            metrics.INSERTED_ROWS.labels(_TABLE).inc(len(parcel))
            metrics.INSERTED_BYTES.labels(_TABLE).inc(len(parcel.body))
