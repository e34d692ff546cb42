"""What the runtime writes down in PostgreSQL: ledger and cursors, redrive outcomes, flood windows."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

import msgspec
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now

from ..errors import StopOnPurpose, TransientError
from .flood import Window
from .models import ConsumerCursor, FloodWindow, RedriveOutcome, SkipRequest
from .offsets import Run, Span
from .outcomes import Rule, dropped
from .records import Partition, Record


class Cursor(NamedTuple):
    """How far a group's outcomes are counted in one partition."""

    next_offset: int
    topic_id: str


class Tally(NamedTuple):
    """What a ledger entry counts: minute since the epoch, source, outcome, rule."""

    minute: int
    source: str
    outcome: str
    rule: str


class RedriveEnd(NamedTuple):
    """How a redriven record ended."""

    redrive_id: str
    record: Record
    status: str
    failure_class: str = ""


class Books(Protocol):
    """The runtime's memory. Methods raise TransientError while the database is away."""

    def settle(self, group: str, spans: Sequence[Span], *, topic_ids: dict[str, str], window: Window) -> None:
        """Add outcomes and move cursors, in one transaction; offsets before a cursor are not added again."""
        ...

    def cursors(self, group: str, places: Sequence[Partition]) -> dict[Partition, Cursor]:
        """Cursors that exist."""
        ...

    def redrive_status(self, redrive_ids: Iterable[str]) -> dict[str, str]:
        """Statuses of the redrives that have a row."""
        ...

    def redrive_begun(self, group: str, redrive_id: str, record: Record) -> bool:
        """Claim a redrive for a handler that must not see it twice; False if it was begun or ended before."""
        ...

    def redrives_ended(self, group: str, ends: Sequence[RedriveEnd]) -> None:
        """Write outcomes; one that is ok stays ok."""
        ...

    def flood_window(self, group: str, now: float) -> Window:
        """The running window, as last written down."""
        ...

    def skipped(self, worker: str, records: Sequence[Record]) -> None:
        """The orders to skip these records were carried out."""
        ...


def tallies(span: Span, cursor: int | None) -> Counter[Tally]:
    """Outcomes of a span at or past `cursor`. Offsets without a record are counted as absent, so that the
    counts always add up to the distance the cursor moves."""
    since = span.start if cursor is None else cursor
    counts: Counter[Tally] = Counter()
    for run in span.runs:
        counts[_tally(run)] += max(0, run.last + 1 - max(run.first, since))
    absent = max(0, span.end - since) - counts.total()
    if absent > 0:
        minute = span.runs[-1].minute if span.runs else 0
        counts[Tally(minute, "broker", *dropped(Rule.ABSENT))] += absent
    return +counts


def _tally(run: Run) -> Tally:
    return Tally(run.minute, run.source, run.verdict.outcome, run.verdict.rule)


@contextmanager
def database() -> Iterator[None]:
    """Turn a lost or refusing database into TransientError; other database errors pass."""
    try:
        yield
    except DatabaseError as error:
        if is_outage(error):
            raise TransientError("postgresql", str(error).splitlines()[0][:200]) from error
        raise


_SILENT_TOO_LONG = {"25P03", "25P04"}
"""The server ended the session of a process that was frozen in its transaction."""


def is_outage(error: DatabaseError) -> bool:
    """Whether trying again later may help. Class 54 (program limit exceeded) is the statement's own fault."""
    state = getattr(error.__cause__, "sqlstate", None) or ""
    if state in _SILENT_TOO_LONG:
        return True
    return isinstance(error, OperationalError | InterfaceError) and not state.startswith("54")


_NOT_FROZEN = "SELECT set_config('idle_in_transaction_session_timeout', %s, TRUE)"
_MOVE_CURSOR = """
INSERT INTO streams_consumercursor
    ("group", topic, partition, start_offset, next_offset, topic_id, updated_at)
VALUES (%s, %s, %s, %s, %s, %s, now())
ON CONFLICT ("group", topic, partition) DO UPDATE
SET next_offset = greatest(streams_consumercursor.next_offset, excluded.next_offset),
    topic_id = coalesce(nullif(excluded.topic_id, ''), streams_consumercursor.topic_id),
    updated_at = now()
"""
_ADD = """
INSERT INTO streams_ledgerentry ("group", topic, partition, minute, source, outcome, rule, count)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT ("group", topic, partition, minute, source, outcome, rule) DO UPDATE
SET count = streams_ledgerentry.count + excluded.count
"""
_REDRIVES = "SELECT redrive_id, status FROM streams_redriveoutcome WHERE redrive_id = ANY(%s)"
# In the order in which they are given, so that no two lock the same in another one.
_END_REDRIVES = """
INSERT INTO streams_redriveoutcome (redrive_id, "group", status, failure_class, topic, partition, "offset")
SELECT redrive_id, %s, status, failure_class, topic, partition, "offset" FROM json_to_recordset(%s::json) AS
    ended (redrive_id text, status text, failure_class text, topic text, partition int, "offset" bigint)
ON CONFLICT (redrive_id) DO UPDATE
SET status = excluded.status, failure_class = excluded.failure_class
WHERE streams_redriveoutcome.status <> 'ok'
"""
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


class DjangoBooks:
    """The books in PostgreSQL. See `Books`."""

    def settle(self, group: str, spans: Sequence[Span], *, topic_ids: dict[str, str], window: Window) -> None:
        """See `Books.settle`."""
        with database(), transaction.atomic(), connection.cursor() as sql:
            # A zombie and the new owner may settle the same partition: one after the other. One that is
            # frozen in here must not keep the other waiting: its session is ended.
            sql.execute(_NOT_FROZEN, [f"{int(1000 * settings.KAFKA_SESSION_TIMEOUT / 2)}ms"])
            for lock in sorted(f"cursor:{group}:{span.place}" for span in spans):
                sql.execute(_LOCK, [lock])
            known = self._cursors(group, [span.place for span in spans])
            for span in spans:
                self._check_topic(span.place, known, topic_ids)
            entries = [
                (group, *span.place, _minute(tally.minute), *tally[1:], count)
                for span in spans
                for tally, count in sorted(tallies(span, self._offset(known, span.place)).items())
            ]
            if entries:
                sql.executemany(_ADD, entries)
            sql.executemany(
                _MOVE_CURSOR,
                [(group, *s.place, s.start, s.end, topic_ids.get(s.place.topic, "")) for s in spans],
            )
            self._keep_window(group, window)

    def _check_topic(
        self, place: Partition, known: dict[Partition, Cursor], topic_ids: dict[str, str]
    ) -> None:
        cursor = known.get(place)
        if cursor and recreated(cursor.topic_id, topic_ids.get(place.topic, "")):
            raise StopOnPurpose(f"{place}: the topic was recreated; its offsets mean other records now")

    @staticmethod
    def _offset(known: dict[Partition, Cursor], place: Partition) -> int | None:
        cursor = known.get(place)
        return cursor.next_offset if cursor else None

    @staticmethod
    def _keep_window(group: str, window: Window) -> None:
        FloodWindow.objects.update_or_create(
            group=group,
            defaults={"started_at": window.started_at, "good": window.good, "bad": window.bad},
        )

    def cursors(self, group: str, places: Sequence[Partition]) -> dict[Partition, Cursor]:
        """See `Books.cursors`."""
        with database():
            return self._cursors(group, places)

    @staticmethod
    def _cursors(group: str, places: Sequence[Partition]) -> dict[Partition, Cursor]:
        rows = ConsumerCursor.objects.filter(group=group, topic__in={place.topic for place in places})
        wanted = set(places)
        return {
            place: Cursor(row.next_offset, row.topic_id)
            for row in rows
            if (place := Partition(row.topic, row.partition)) in wanted
        }

    def redrive_status(self, redrive_ids: Iterable[str]) -> dict[str, str]:
        """See `Books.redrive_status`."""
        with database(), connection.cursor() as sql:
            sql.execute(_REDRIVES, [list(redrive_ids)])
            return dict(sql.fetchall())

    def redrive_begun(self, group: str, redrive_id: str, record: Record) -> bool:
        """See `Books.redrive_begun`."""
        fresh = {
            "group": group,
            "status": RedriveOutcome.Status.STARTED,
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
        }
        with database(), transaction.atomic():
            if RedriveOutcome.objects.get_or_create(redrive_id=redrive_id, defaults=fresh)[1]:
                return True
            failed = RedriveOutcome.objects.filter(redrive_id=redrive_id, status=RedriveOutcome.Status.FAILED)
            return failed.update(status=RedriveOutcome.Status.STARTED, failure_class="") == 1

    def redrives_ended(self, group: str, ends: Sequence[RedriveEnd]) -> None:
        """See `Books.redrives_ended`."""
        last: dict[str, RedriveEnd] = {}
        for end in ends:
            if (known := last.get(end.redrive_id)) is None or known.status != RedriveOutcome.Status.OK:
                last[end.redrive_id] = end
        rows = [
            {
                "redrive_id": each,
                "status": str(end.status),
                "failure_class": end.failure_class,
                "topic": end.record.topic,
                "partition": end.record.partition,
                "offset": end.record.offset,
            }
            for each, end in sorted(last.items())
        ]
        with database(), transaction.atomic(), connection.cursor() as sql:
            sql.execute(_END_REDRIVES, [group, msgspec.json.encode(rows).decode()])

    def flood_window(self, group: str, now: float) -> Window:
        """See `Books.flood_window`."""
        with database():
            row = FloodWindow.objects.filter(group=group).first()
        return Window(row.started_at, row.good, row.bad) if row else Window(started_at=now)

    def skipped(self, worker: str, records: Sequence[Record]) -> None:
        """See `Books.skipped`."""
        with database():
            for record in records:
                SkipRequest.objects.filter(
                    worker=worker,
                    topic=record.topic,
                    partition=record.partition,
                    offset=record.offset,
                    applied_at=None,
                ).update(applied_at=Now())


def recreated(known: str, current: str) -> bool:
    """Whether two ids of a topic, where both are known, differ."""
    return bool(known and current and known != current)


def _minute(minute: int) -> datetime:
    """A topic that keeps its producers' times may hold any; beyond the calendar is its last minute."""
    return datetime.fromtimestamp(min(minute, _LAST_MINUTE) * 60, UTC)


_LAST_MINUTE = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp()) // 60
