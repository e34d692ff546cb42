"""What became of the events of a receipt, by cursor, ledger and dead letters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings

from heimdall_project.errors import TransientError
from heimdall_project.streams import broker
from heimdall_project.streams.books import recreated
from heimdall_project.streams.ledger import BROKER_TIMEOUT, Pair, ledger_began
from heimdall_project.streams.letters import Place, letters_of
from heimdall_project.streams.models import ConsumerCursor, LedgerEntry
from heimdall_project.streams.outcomes import Outcome

from ..receipts import Receipt, Stretch

WRITER = "clickhouse-writer"
SLACK = timedelta(minutes=2)
"""Between the broker's clock, which dates records, and ours, which dates receipts."""


def writer_group() -> str:
    """The group whose cursor says what is stored."""
    return f"{settings.KAFKA_GROUP_PREFIX}{WRITER}"


@dataclass(frozen=True)
class Part:
    """The events of a receipt in one partition."""

    partition: int
    first: int
    last: int
    events: int
    passed: int
    """Of them, those that the writer has come to an end with; where it is within a stretch whose offsets are
    not all known, the fewest that it can be."""


@dataclass(frozen=True)
class Progress:
    """Where the events of a receipt are now."""

    parts: Sequence[Part]
    dead_lettered: int | None
    """None where it could not be found out."""

    @property
    def events(self) -> int:
        """All."""
        return sum(part.events for part in self.parts)

    @property
    def passed(self) -> int:
        """Those that the writer has come to an end with: stored, or dead-lettered."""
        return sum(part.passed for part in self.parts)

    @property
    def is_stored(self) -> bool:
        """Whether all of them are known to be in ClickHouse: none waits, none became a dead letter."""
        return self.stored == self.events

    @property
    def stored(self) -> int | None:
        """Those that are in ClickHouse; None where dead letters could not be looked for."""
        return None if self.dead_lettered is None else self.passed - self.dead_lettered


def cursors(topic: str, partitions: Sequence[int]) -> dict[int, int]:
    """Next offsets of the writer, by partition; none where it never was."""
    rows = ConsumerCursor.objects.filter(group=writer_group(), topic=topic, partition__in=partitions)
    return dict(rows.values_list("partition", "next_offset"))


def _counted(topic: str, partitions: Sequence[int]) -> dict[int, int]:
    """The same, without those of a topic that was deleted since: its offsets say nothing of the new one."""
    rows = ConsumerCursor.objects.filter(group=writer_group(), topic=topic, partition__in=partitions)
    now = _topic_id(topic)
    return {row.partition: row.next_offset for row in rows if not recreated(row.topic_id, now)}


def _topic_id(topic: str) -> str:
    """The broker's id of the topic; "" while it does not tell."""
    try:
        return broker.admin().ids([topic], timeout=BROKER_TIMEOUT).get(topic, "")
    except TransientError:
        return ""


def is_passed(receipt: Receipt, at: Mapping[int, int]) -> bool:
    """Whether the writer is past every event of a receipt."""
    return all(at.get(partition, 0) > stretches[-1].last for partition, stretches in receipt.places.items())


def is_outlived(receipt: Receipt) -> bool:
    """Whether its topic was deleted and made anew since: its offsets mean other records now."""
    began = ledger_began(pair=Pair(receipt.topic, writer_group()))
    return began is not None and receipt.issued_at + 1 < began.timestamp()  # issued at whole seconds


def receipt_progress(receipt: Receipt) -> Progress:
    """Ask cursors first, then, if anything of that time was dead-lettered, the dead letters themselves."""
    at = _counted(receipt.topic, list(receipt.places))
    parts = [_part(partition, each, at.get(partition, 0)) for partition, each in receipt.places.items()]
    return Progress(parts, _dead_lettered(receipt, at) if any(part.passed for part in parts) else 0)


def _part(partition: int, stretches: Sequence[Stretch], cursor: int) -> Part:
    return Part(
        partition=partition,
        first=stretches[0].first,
        last=stretches[-1].last,
        events=sum(each.events for each in stretches),
        passed=sum(_passed(each, cursor) for each in stretches),
    )


def _passed(stretch: Stretch, cursor: int) -> int:
    """Without the offsets that may be others', it is at least so many."""
    others = stretch.last - stretch.first + 1 - stretch.events
    behind = max(0, min(cursor, stretch.last + 1) - stretch.first)
    return max(0, behind - others)


def _dead_lettered(receipt: Receipt, at: Mapping[int, int]) -> int | None:
    issued = datetime.fromtimestamp(receipt.issued_at, UTC)
    entries = LedgerEntry.objects.filter(
        group=writer_group(),
        topic=receipt.topic,
        partition__in=list(receipt.places),
        minute__gte=issued - SLACK - timedelta(minutes=1),
        minute__lte=issued + SLACK,
        outcome=Outcome.DEAD_LETTERED,
    )
    if not entries.exists():
        return 0
    if not all(stretch.is_exact for stretches in receipt.places.values() for stretch in stretches):
        return None
    try:
        letters = letters_of(receipt.topic, group=writer_group(), since=issued - SLACK)
    except TransientError:
        return None
    return None if letters is None else _count(receipt, letters, at)


def _count(receipt: Receipt, letters: set[Place], at: Mapping[int, int]) -> int:
    """A letter is published before the cursor passes its record: until then that is in flight."""
    return sum(
        first <= offset <= last and offset < at.get(partition, 0)
        for partition, offset in letters
        for first, last, _ in receipt.places.get(partition, ())
    )
