"""Walks through the books of a group and what ClickHouse has, partition by partition, in bounded memory."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from heimdall_project.errors import TransientError
from heimdall_project.streams import broker
from heimdall_project.streams.balance import Balance
from heimdall_project.streams.books import database
from heimdall_project.streams.ledger import BROKER_TIMEOUT, Pair, ledger_balance, ledger_began

from . import arrivals, books
from .arrivals import BUCKET, CHUNK, Named, Range, Reader
from .books import PartitionBooks
from .compare import Arrived, Difference, Kind, Report, compare, missing, spans, surplus

MOST_MINUTES = 3000
"""Minutes of a partition whose beginnings the broker is asked for, to find one that was miscounted."""
type Tell = Callable[[str], object]


def check(
    *,
    pair: Pair,
    reader: Reader,
    since: datetime | None = None,
    until: datetime | None = None,
    tell: Tell = str,
) -> Report:
    """Compare cursors, outcomes and ClickHouse for the minutes that lie in [since, until), begun ones too.

    The broker may be away: what it would have told is named in `unchecked`. Raises TransientError while
    PostgreSQL or ClickHouse is away.
    """
    since, until = _whole_minutes(since, until)
    report = Report(*pair)
    known = [books.read(pair, number, since, until) for number in books.partitions(pair)]
    report.partitions = len(known)
    with database():
        began = ledger_began(pair=pair)
    cursors = {each.partition: (each.start, each.cursor) for each in known}
    range_ = Range(pair.topic, cursors, since, until, began)
    for place, each in enumerate(known, 1):
        report.minutes += len(each.minutes)
        report.stored += sum(minute.stored for minute in each.minutes.values())
        report.counted += sum(minute.total for minute in each.minutes.values())
        tell(f"partition {each.partition}, {place} of {len(known)}")
        report.differences += _counts(reader, range_, each, report, tell)
    report.differences += _events(reader, range_, report, tell)
    _broker(pair, known, report)
    return report


def _whole_minutes(since: datetime | None, until: datetime | None) -> tuple[datetime | None, datetime | None]:
    """The ledger counts by minute: a part of one cannot be compared."""
    if until is not None and (whole := until.replace(second=0, microsecond=0)) != until:
        until = whole + timedelta(minutes=1)
    return since and since.replace(second=0, microsecond=0), until


def _counts(
    reader: Reader, range_: Range, of: PartitionBooks, report: Report, tell: Tell
) -> Iterator[Difference]:
    """By minute: what the ledger counts as stored beside the offsets that arrived."""
    if of.counted != of.cursor - of.start:
        what = (
            f"the outcomes sum up to {of.counted:,}, the cursor has passed {of.cursor - of.start:,} records "
            f"({of.start} to {of.cursor})"
        )
        yield Difference(kind=Kind.BOOKS, what=what, partition=of.partition, minute=of.last_minute)
    found: dict[int, Arrived] = {}
    for first in range(of.start, of.cursor, CHUNK):
        end = min(first + CHUNK, of.cursor)
        for minute, arrived in arrivals.by_minute(reader, range_, of.partition, first, end).items():
            found[minute] = found[minute].with_(arrived) if minute in found else arrived
        tell(f"partition {of.partition}: offsets up to {end:,} of {of.cursor:,}")
    for minute, stored, there in compare(of.minutes, found):
        if there > stored:
            yield surplus(of.partition, minute, stored, found[minute])
        else:
            gaps = arrivals.gaps(reader, range_, of.partition, minute)
            yield missing(of.partition, minute, stored, there, gaps, of.minutes[minute].other)
    report.arrived += sum(each.offsets for each in found.values())


def _events(reader: Reader, range_: Range, report: Report, tell: Tell) -> Iterator[Difference]:
    """By event: each that arrived must be among the page views, once, and nothing else."""
    buckets = 1 + arrivals.total(reader, range_) // BUCKET
    for bucket in range(buckets):
        found = arrivals.identities(reader, range_, bucket, buckets)
        report.events += found.events
        report.conflicts += found.conflicts
        if found.rows != found.ids:
            what = f"page_views FINAL has {found.rows:,} rows of {found.ids:,} event ids"
            yield Difference(kind=Kind.COPIES, what=what)
        if found.ids != found.events:
            for each in arrivals.vanished(reader, range_, bucket, buckets):
                yield _named(Kind.VANISHED, "that arrived are not among the page views", each)
        for each in arrivals.strays(reader, range_, bucket, buckets):
            yield _named(Kind.STRAY, "page views are of records that did not arrive as such", each)
        tell(f"events: {bucket + 1} of {buckets} parts")


def _named(kind: Kind, how: str, found: Named) -> Difference:
    offsets = spans(found.offsets)
    what = (
        f"{found.events:,} {how}: offsets {', '.join(map(str, offsets))}"
        f"{', ...' if found.events > len(found.offsets) else ''}; such as {', '.join(found.event_ids)}"
    )
    return Difference(
        kind=kind, what=what, partition=found.partition, minute=found.minute, offsets=tuple(offsets)
    )


def _broker(pair: Pair, known: list[PartitionBooks], report: Report) -> None:
    """What only the broker can tell: whether a cursor fits its partition, and which minute was miscounted."""
    balance = ledger_balance(pair=pair)
    report.in_flight = balance.in_flight
    if balance.broker:
        report.unchecked.append(balance.broker)
        return
    report.differences += _cursors(balance)
    uneven = {each.partition for each in report.differences if each.kind is Kind.BOOKS}
    for each in known:
        if each.partition in uneven and 0 < len(each.minutes) <= MOST_MINUTES:
            try:
                report.differences += _miscounted(pair.topic, each, balance)
            except TransientError as error:
                report.unchecked.append(f"The broker does not answer ({error}).")


def _cursors(balance: Balance) -> Iterator[Difference]:
    for position in balance.positions:
        for what in position.problems(balance.topic_id):
            if not what.startswith("the outcomes"):  # told with the books that were compared
                yield Difference(kind=Kind.CURSOR, what=what, partition=position.partition)


def _miscounted(topic: str, of: PartitionBooks, balance: Balance) -> Iterator[Difference]:
    """Minutes in which the broker gave another number of offsets than came to an end."""
    [position] = [each for each in balance.positions if each.partition == of.partition]
    minutes = sorted(of.minutes)
    edges = sorted({*minutes, *(minute + 1 for minute in minutes)})
    marks = broker.admin().offsets_since(
        topic, [of.partition], [edge * 60_000 for edge in edges], timeout=BROKER_TIMEOUT
    )
    end = position.end or 0
    at = {
        edge: end if mark[of.partition] < 0 else mark[of.partition]
        for edge, mark in zip(edges, marks, strict=True)
    }
    for minute in minutes:
        low, high = max(at[minute], of.start), min(at[minute + 1], of.cursor)
        if low <= (position.first or 0) and position.first:
            continue  # the broker does not keep all of that minute any more
        counted = of.minutes[minute].total
        if counted != max(0, high - low):
            what = f"the ledger counts {counted:,} records, the broker gave {max(0, high - low):,} offsets"
            yield Difference(kind=Kind.COUNT, what=what, partition=of.partition, minute=minute)
