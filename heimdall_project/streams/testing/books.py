"""Cursors, ledger and redrives in memory."""

from collections import Counter
from collections.abc import Iterable, Sequence
from threading import Lock

from ...errors import TransientError
from ..books import Cursor, RedriveEnd, Tally, tallies
from ..flood import Window
from ..offsets import Span
from ..records import Partition, Record


class InMemoryBooks:
    """The books as dictionaries, by the same rules as the tables."""

    def __init__(self) -> None:
        self._lock = Lock()
        """What the database does by locks and constraints, for tests with threads."""
        self.cursor: dict[tuple[str, Partition], int] = {}
        self.starts: dict[tuple[str, Partition], int] = {}
        self.ledger: Counter[tuple[str, Partition, Tally]] = Counter()
        self.redrives: dict[str, str] = {}
        self.windows: dict[str, Window] = {}
        self.skips_applied: list[Record] = []
        self.down = False

    def _reach(self) -> None:
        if self.down:
            raise TransientError("postgresql", "down")

    def settle(self, group: str, spans: Sequence[Span], *, topic_ids: dict[str, str], window: Window) -> None:
        """See `Books.settle`."""
        self._reach()
        with self._lock:
            for span in spans:
                key = (group, span.place)
                for tally, count in tallies(span, self.cursor.get(key)).items():
                    self.ledger[(group, span.place, tally)] += count
                self.starts.setdefault(key, span.start)
                self.cursor[key] = max(self.cursor.get(key, span.end), span.end)
        self.windows[group] = Window(window.started_at, window.good, window.bad)

    def cursors(self, group: str, places: Sequence[Partition]) -> dict[Partition, Cursor]:
        """See `Books.cursors`."""
        self._reach()
        return {
            p: Cursor(self.cursor[(group, p)], f"id-{p.topic}") for p in places if (group, p) in self.cursor
        }

    def redrive_status(self, redrive_ids: Iterable[str]) -> dict[str, str]:
        """See `Books.redrive_status`."""
        self._reach()
        return {each: self.redrives[each] for each in redrive_ids if each in self.redrives}

    def redrive_begun(self, group: str, redrive_id: str, record: Record) -> bool:
        """See `Books.redrive_begun`."""
        self._reach()
        with self._lock:
            if self.redrives.get(redrive_id) in ("started", "ok"):
                return False
            self.redrives[redrive_id] = "started"
            return True

    def redrives_ended(self, group: str, ends: Sequence[RedriveEnd]) -> None:
        """See `Books.redrives_ended`."""
        self._reach()
        with self._lock:
            for end in ends:
                if self.redrives.get(end.redrive_id) != "ok":
                    self.redrives[end.redrive_id] = str(end.status)

    def flood_window(self, group: str, now: float) -> Window:
        """See `Books.flood_window`."""
        return self.windows.get(group, Window(started_at=now))

    def skipped(self, worker: str, records: Sequence[Record]) -> None:
        """See `Books.skipped`."""
        self._reach()
        self.skips_applied.extend(records)

    def counted(self, group: str) -> Counter[str]:
        """Outcomes of a group; drops as `dropped:rule`."""
        counts: Counter[str] = Counter()
        for (whose, _, tally), count in self.ledger.items():
            if whose == group:
                counts[f"{tally.outcome}:{tally.rule}" if tally.rule else str(tally.outcome)] += count
        return counts

    def balances(self, group: str) -> bool:
        """Whether outcomes add up to what the cursors have passed."""
        passed = sum(self.cursor[key] - self.starts[key] for key in self.cursor if key[0] == group)
        return passed == sum(count for (whose, _, _), count in self.ledger.items() if whose == group)
