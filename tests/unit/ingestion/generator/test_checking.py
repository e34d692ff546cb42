"""Truth beside what was seen: agreement says nothing, every lie is named."""

from typing import Any

import msgspec
import pytest

from ingestion.generator.blocks import Maker
from ingestion.generator.checking import MOST, Observed, differences
from ingestion.generator.poison import POISON
from ingestion.generator.truth import Fate, Truth, expected

from .wanted import options


def seen_of(truth: Truth, **change: Any) -> Observed:
    """What honest stores would say."""
    known = truth.known
    honest = Observed(
        records=known.records,
        rows=known.events,
        events=known.events,
        conflicts=known.conflicts,
        id_sum=known.id_sum,
        by_type=dict(known.by_type),
        by_content=dict(known.by_content),
        by_minute=dict(known.by_minute),
        dead_letters={name: {POISON[name].disposition: number} for name, number in known.poison.items()},
    )
    return msgspec.structs.replace(honest, **change)


@pytest.fixture
def truth() -> Truth:
    return expected(Maker(options()))


def told(truth: Truth, **change: Any) -> list[str]:
    return [str(each) for each in differences(truth, seen_of(truth, **change))]


def test_what_agrees_has_no_differences(truth: Truth) -> None:
    assert told(truth) == []


def test_where_nobody_looked_nothing_is_told(truth: Truth) -> None:
    assert differences(truth, Observed()) == []


@pytest.mark.parametrize("off", [-1, 1])
@pytest.mark.parametrize("name", ["records", "conflicts", "id_sum"])
def test_each_figure_that_is_off_by_one_is_told(truth: Truth, name: str, off: int) -> None:
    lies = told(truth, **{name: getattr(truth.known, name) + off})
    assert len(lies) == 1 and f"({off:+d})" in lies[0]


def test_a_lost_event_is_told(truth: Truth) -> None:
    known = truth.known.events
    lies = told(truth, events=known - 1, rows=known - 1)
    assert lies == [f"distinct events: {known - 1} seen, {known} expected (-1)"]


def test_a_reader_who_sees_an_event_twice_is_told_of(truth: Truth) -> None:
    known = truth.known.events
    assert told(truth, rows=known + 1) == [f"rows for readers: {known + 1} seen, {known} expected (+1)"]


def test_events_that_moved_to_another_content_are_told_twice(truth: Truth) -> None:
    counts = dict(truth.known.by_content)
    counts["c-000000"] -= 1
    counts["c-999999"] = 1
    assert sorted(told(truth, by_content=counts)) == [
        f"content c-000000: {counts['c-000000']} seen, {counts['c-000000'] + 1} expected (-1)",
        "content c-999999: 1 seen, 0 expected (+1)",
    ]


def test_the_worst_differences_of_a_kind_come_first_and_are_bounded(truth: Truth) -> None:
    lies = differences(truth, seen_of(truth, by_content={}))
    assert len(lies) == MOST
    assert lies[0].name == f"content {truth.known.top(1)[0][0]}"


def test_dead_letters_that_are_missing_too_many_or_called_otherwise_are_told(truth: Truth) -> None:
    honest = seen_of(truth).dead_letters or {}
    few = honest | {"nul": {"contract": truth.known.poison["nul"] - 1}}
    assert len(told(truth, dead_letters=few)) == 1
    assert told(truth, dead_letters=honest | {"late": {"contract": 1}})[-1].startswith(
        "dead letters of late: 1 seen, 0"
    )
    wrong = honest | {"nul": {"unexpected": truth.known.poison["nul"]}}
    assert [lie.split(":")[0] for lie in told(truth, dead_letters=wrong)] == [
        "dead letters of nul called unexpected"
    ]


def test_what_is_unknown_may_be_there_or_not() -> None:
    maker = Maker(options(count=100))
    truth = Truth.of(maker.options)
    block = maker.block(0)
    truth.count_block(block, [Fate.UNKNOWN] * 50 + [Fate.ACKED] * 50)
    everything = expected(maker)
    for honest in (truth, everything):
        assert differences(truth, seen_of(honest)) == []
    assert differences(truth, seen_of(everything, records=everything.known.records + 1)) != []
