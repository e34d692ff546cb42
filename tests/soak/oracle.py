"""Asks the stores what became of a soak: events, dead letters, ledger."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from heimdall_project.streams.records import Record
from ingestion.generator.blocks import Maker
from ingestion.generator.couriers import GENERATED
from ingestion.generator.truth import Truth, identity
from tests.faults.world import said
from tests.faults.writers import DEAD, VIEWS, WRITER

from .figures import Sent
from .plant import Load, Place, manage

MOST = 500
"""Characters of what a command said."""
_MINE = "SELECT event_id FROM page_views FINAL WHERE startsWith(user_id, '{run}-')"


class Letters(NamedTuple):
    """Dead letters of one run; copies of one are one."""

    by_class: dict[str, int]
    altered: int


def sent(load: Load, place: Place, code: int, letters: Sequence[Record]) -> Sent:
    """What one generator was told, beside what stands in the stores. `code` is how it ended."""
    truth = Truth.from_json(load.truth.read_bytes())
    maker = Maker(truth.options)
    wanted = {identity(made) for made in maker if made.original >= 0}
    found = place.column(_MINE.format(run=truth.run))
    seen = set(found)
    dead = _letters(truth.run, maker, letters)
    truth_code, told = manage("check_truth", str(load.truth))
    open_records = truth.unsent + truth.wrongly_refused + truth.unknown.records
    seconds = max(1, truth.finished_ms - truth.started_ms) / 1000
    return Sent(
        name=load.name,
        records=truth.known.records,
        events=len(wanted),
        rate=(truth.known.records + sum(truth.known.poison.values())) / seconds,
        not_acknowledged=open_records or (code and truth.options.count),
        extra_copies=truth.extra_copies,
        rows=len(found),
        missing=sorted(wanted - seen),
        unexpected=len(seen - wanted),
        truth_code=truth_code,
        truth_said=_difference(told),
        poison=truth.known.poison,
        letters=dead.by_class,
        altered=dead.altered,
        refused=sum(truth.refused.values()),
        poison_made=sum(made.original < 0 for made in maker),
    )


def all_letters(place: Place) -> list[Record]:
    """Every dead letter of page views."""
    return place.dead_letters(DEAD)


def _letters(run: str, maker: Maker, letters: Iterable[Record]) -> Letters:
    known = {(made.fault, _digest(made.value)) for made in maker if made.original < 0}
    found: dict[tuple[str, ...], str] = {}
    altered = 0
    for letter in letters:
        headers = said(letter)
        name, _, fault = headers.get(GENERATED, "").partition(":")
        if name == run:
            place = tuple(headers.get(f"original_{part}", "") for part in ("topic", "partition", "offset"))
            found[place] = fault
            altered += (fault, _digest(letter.value or b"")) not in known
    return Letters(dict(Counter(found.values())), altered)


def _digest(value: bytes) -> str:
    return sha256(value).hexdigest()


def ledger(place: Place) -> tuple[int, str, str]:
    """Exit code of `check_ledger`, what it said, and how the books differ."""
    code, told = manage("check_ledger")
    return code, _difference(told), "; ".join(_unbalanced(place))


def _unbalanced(place: Place) -> Iterator[str]:
    ends = {spot: end for spot, end in place.ends(VIEWS).items() if end}
    cursors, committed = place.cursors(WRITER), place.committed(WRITER, VIEWS)
    for name, seen in (
        ("cursors", {spot: end for spot, (_, end) in cursors.items()}),
        ("commits", committed),
    ):
        for spot, end in ends.items():
            if seen.get(spot) != end:
                yield f"{name} stand at {seen.get(spot)} of partition {spot.number}, which ends at {end}"
    passed, counted = sum(end - start for start, end in cursors.values()), place.ledger(WRITER).total()
    if not passed == counted == sum(ends.values()):
        yield f"{counted:,} outcomes, cursors passed {passed:,}, partitions hold {sum(ends.values()):,}"


def rows_and_events(place: Place) -> tuple[int, int]:
    """Of page_views as readers see it."""
    [row] = place.clickhouse.rows(
        "SELECT count() AS rows, uniqExact(event_id) AS events FROM page_views FINAL"
    )
    return int(row["rows"]), int(row["events"])


def _difference(told: str) -> str:
    """What a command said is otherwise, in one line that is not too long."""
    text = " ".join(told.partition("it is otherwise:")[2].split() or told.split())
    return text if len(text) < MOST else f"{text[: MOST - 100]} … {text[-100:]}"
