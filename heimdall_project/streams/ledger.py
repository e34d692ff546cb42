"""Reading the ledger: what became of a topic's records, whether the books balance, what is in flight.

`books` alone writes it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Max, QuerySet, Sum

from ..errors import TransientError
from . import broker, registry
from .balance import Balance, Position, accepted_between
from .models import LedgerEntry, TopicEnd
from .outcomes import Outcome

BROKER_TIMEOUT = 2.0
"""Seconds that one question to the broker may take; a page does not wait for one that is away."""
MINUTE = timedelta(minutes=1)


class Pair(NamedTuple):
    """A group and a topic that it reads."""

    topic: str
    group: str


class Entry(NamedTuple):
    """Outcomes of one step of time and one source, all partitions together."""

    at: datetime
    source: str
    outcome: str
    rule: str
    records: int


@dataclass
class Step:
    """One step of time."""

    at: datetime
    accepted: int | None = None
    """By the broker: the offsets given in it; None where it does not tell, or keeps them no more."""
    outcomes: Counter[str] = field(default_factory=Counter)
    sources: dict[str, Counter[str]] = field(default_factory=dict)
    rules: Counter[str] = field(default_factory=Counter)

    @property
    def counted(self) -> int:
        """Records that came to an end."""
        return self.outcomes.total()

    def add(self, entry: Entry) -> None:
        """Count an entry in."""
        self.outcomes[entry.outcome] += entry.records
        self.sources.setdefault(entry.source, Counter())[entry.outcome] += entry.records
        if entry.outcome == Outcome.DROPPED:
            self.rules[entry.rule] += entry.records


def pairs() -> list[Pair]:
    """Every topic with every group that reads it; the group that keeps the topic's records comes first."""
    readers = [w for w in registry.workers() if issubclass(w, registry.CONSUMER_SHAPES)]
    readers.sort(key=lambda worker: not worker.keeps)
    return [Pair(topic, worker.group()) for worker in readers for topic in worker.topics()]


def groups_of(topic: str) -> list[str]:
    """Groups that read a topic, the one that keeps its records first."""
    return [pair.group for pair in pairs() if pair.topic == topic]


def ledger_began(*, pair: Pair) -> datetime | None:
    """The broker's time since when records are of the topic that is there; None if it was never made anew."""
    found: datetime | None = TopicEnd.objects.filter(**pair._asdict()).aggregate(at=Max("began_at"))["at"]
    return found


def ledger_entries(*, pair: Pair, since: datetime, until: datetime) -> QuerySet[LedgerEntry]:
    """Rows of the ledger whose minute lies in [since, until)."""
    return LedgerEntry.objects.filter(topic=pair.topic, group=pair.group, minute__gte=since, minute__lt=until)


def ledger_totals(*, pair: Pair, since: datetime, until: datetime) -> Step:
    """All that came to an end among the records of [since, until)."""
    rows = ledger_entries(pair=pair, since=since, until=until).values_list("source", "outcome", "rule")
    total = Step(since)
    for source, outcome, rule, count in rows.annotate(Sum("count")).order_by():
        total.add(Entry(since, source, outcome, rule, int(count)))
    return total


def ledger_steps(
    *, pair: Pair, since: datetime, until: datetime, step: timedelta = MINUTE, balance: Balance
) -> list[Step]:
    """[since, until) in steps, oldest first, silent ones too. `since` is a whole minute."""
    number = -((since - until) // step)
    steps = [Step(since + step * place) for place in range(number)]
    for entry in _entries(pair, since, until, step):
        steps[(entry.at - since) // step].add(entry)
    for each, accepted in zip(steps, _accepted(pair.topic, steps, step, balance), strict=False):
        each.accepted = accepted
    return steps


def _entries(pair: Pair, since: datetime, until: datetime, step: timedelta) -> list[Entry]:
    values: dict[str, Any] = {"since": since, "until": until, "step": step, **pair._asdict()}
    with connection.cursor() as sql:
        sql.execute(_STEPS, values)
        return [Entry(at, source, outcome, rule, int(n)) for at, source, outcome, rule, n in sql.fetchall()]


def _accepted(topic: str, steps: Sequence[Step], step: timedelta, balance: Balance) -> Sequence[int | None]:
    extents = {
        each.partition: (each.first, each.end)
        for each in balance.positions
        if each.first is not None and each.end is not None
    }
    if balance.broker or not steps:
        return []
    moments = [round(each.at.timestamp() * 1000) for each in steps]
    moments.append(moments[-1] + round(step.total_seconds() * 1000))
    try:
        marks = broker.admin().offsets_since(topic, list(extents), moments, timeout=BROKER_TIMEOUT)
    except TransientError:
        return []
    return accepted_between(marks, extents)


def ledger_balance(*, pair: Pair) -> Balance:
    """Cursors, sums and ends of every partition. A broker that is away is told, and no error."""
    books = {each.partition: each for each in _books(pair)}
    told = _extent(pair.topic)  # after the cursors: an end read before could seem to lie behind one
    offsets: Mapping[int, tuple[int, int]] = told.offsets if isinstance(told, broker.TopicExtent) else {}
    positions = []
    for number in sorted(books.keys() | offsets.keys()):
        first, end = offsets.get(number, (None, None))
        positions.append(replace(books.get(number, Position(partition=number)), first=first, end=end))
    if isinstance(told, broker.TopicExtent):
        return Balance(positions=positions, topic_id=told.topic_id)
    reason = f"The broker {told or 'has no such topic'}: what is in flight is not known."
    return Balance(positions=positions, broker=reason, is_away=told is not None)


def _extent(topic: str) -> broker.TopicExtent | str | None:
    """What the broker has of a topic; None if it has none of that name; or that it is away."""
    try:
        return broker.admin().extent(topic, timeout=BROKER_TIMEOUT)
    except TransientError as error:
        return f"does not answer ({error})"


def _books(pair: Pair) -> Iterable[Position]:
    """Cursors and sums of one moment: a worker may write between two statements."""
    with connection.cursor() as sql:
        sql.execute(_POSITIONS, pair._asdict())
        for number, start, cursor, moved_at, topic_id, counted in sql.fetchall():
            yield Position(
                partition=number,
                start=start,
                cursor=cursor,
                counted=int(counted),
                moved_at=moved_at,
                topic_id=topic_id or "",
            )


_STEPS = """
SELECT date_bin(%(step)s, minute, %(since)s) AS at, source, outcome, rule, sum(count)
FROM streams_ledgerentry
WHERE topic = %(topic)s AND "group" = %(group)s AND minute >= %(since)s AND minute < %(until)s
GROUP BY at, source, outcome, rule
"""
_POSITIONS = """
WITH counted AS (
    SELECT partition, sum(count) AS count FROM streams_ledgerentry
    WHERE "group" = %(group)s AND topic = %(topic)s GROUP BY partition
), cursors AS (
    SELECT * FROM streams_consumercursor WHERE "group" = %(group)s AND topic = %(topic)s
)
SELECT partition, start_offset, next_offset, updated_at, topic_id, coalesce(counted.count, 0)
FROM cursors FULL JOIN counted USING (partition) ORDER BY partition
"""

__all__ = [
    "Balance",
    "Pair",
    "Step",
    "groups_of",
    "ledger_balance",
    "ledger_began",
    "ledger_entries",
    "ledger_steps",
    "ledger_totals",
    "pairs",
]
