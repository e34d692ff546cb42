"""A ClickHouse as far as the writer can tell: tokens, one of each row, and every way to fail."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from heimdall_project.errors import TransientError
from heimdall_project.streams.records import Record
from ingestion.writing.parcels import Parcel
from ingestion.writing.ports import DEPENDENCY, OutcomeUnknown, RowsRefused

type Row = dict[str, object]
type At = tuple[str, int, int]


def nothing_refused(row: Row) -> int:
    """The code with which a row is refused; 0 for none."""
    return 0


@dataclass
class FakeTable:
    """`page_views` and `page_view_arrivals`. `fails` holds what befalls the next inserts, first first."""

    refuses: Callable[[Row], int] = nothing_refused
    fails: list[str] = field(default_factory=list)
    """`outage`, `lost` (not stored, not answered), `lost and down` (nobody answers after that), `late`
    (stored, not answered), `half` (stored in the first table only), `killed` (stored, the process dies),
    `killed before`."""
    down: bool = False
    tokens: dict[str, None] = field(default_factory=dict)
    views: dict[str, tuple[At, Row]] = field(default_factory=dict)
    arrivals: dict[At, str] = field(default_factory=dict)
    times: dict[At, int] = field(default_factory=dict)
    """When the broker accepted what arrived."""
    calls: list[tuple[str, int, int]] = field(default_factory=list)
    bodies: dict[str, set[bytes]] = field(default_factory=dict)
    tally: Counter[str] = field(default_factory=Counter)

    def insert(self, parcel: Parcel) -> None:
        """See `Table.insert`."""
        self.calls.append(("insert", parcel.first, parcel.last))
        self.bodies.setdefault(parcel.token, set()).add(parcel.body)
        if self.down:
            raise TransientError(DEPENDENCY, "refused the connection")
        fault = self.fails.pop(0) if self.fails else ""
        self.tally[fault or "insert"] += 1
        if fault == "outage":
            raise TransientError(DEPENDENCY, "252 TOO_MANY_PARTS")
        if fault == "killed before":
            raise Killed
        if fault.startswith("lost"):
            self.down = fault == "lost and down"
            raise OutcomeUnknown(DEPENDENCY, "no answer")
        rows = [msgspec.json.decode(line) for line in parcel.body.splitlines()]
        if code := next(filter(None, map(self.refuses, rows)), 0):
            raise RowsRefused(code, f"ClickHouse refuses it: {code}")
        self._store(parcel.token, rows, into_arrivals=fault != "half")
        if fault in ("late", "half"):
            raise OutcomeUnknown(DEPENDENCY, "no answer")
        if fault == "killed":
            raise Killed

    def _store(self, token: str, rows: list[Row], *, into_arrivals: bool) -> None:
        known = token in self.tokens
        self.tokens[token] = None
        for row in rows:
            at: At = (str(row["topic"]), int(str(row["partition"])), int(str(row["offset"])))
            if not known:
                first = self.views.get(str(row["event_id"]))
                if first is None or _age(first[1]) > _age(row):
                    self.views[str(row["event_id"])] = (at, row)
            if into_arrivals:
                self.arrivals[at] = str(row["event_id"])
                self.times[at] = int(str(row["accepted_ms"]))

    def holds(self, parcel: Parcel) -> bool:
        """See `Table.holds`."""
        self.calls.append(("holds", parcel.first, parcel.last))
        if self.down:
            raise TransientError(DEPENDENCY, "refused the connection")
        place = (parcel.topic, parcel.partition)
        return all(
            self.arrivals.get((*place, offset)) == event_id
            and self.times[*place, offset] == accepted_ms
            and event_id in self.views
            for offset, accepted_ms, event_id in parcel.identities
        )

    def kept(self, records: Sequence[Record]) -> set[int]:
        """See `Table.kept`."""
        if self.down:
            raise TransientError(DEPENDENCY, "refused the connection")
        places = {record.offset: (*record.place, record.offset) for record in records}
        return {
            record.offset
            for record in records
            if self.times.get(places[record.offset]) == record.timestamp
            and self.arrivals[places[record.offset]] in self.views
        }


class Killed(BaseException):
    """The process dies."""


def _age(row: Row) -> tuple[int, ...]:
    return tuple(int(str(row[name])) for name in ("accepted_ms", "partition", "offset"))
