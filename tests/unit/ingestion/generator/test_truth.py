"""The truth is what a naive recount of the bytes finds; parts of it add up."""

from collections import Counter, defaultdict
from hashlib import sha256
from typing import Any
from zlib import crc32

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heimdall_project.errors import InvalidMessage
from heimdall_project.events import codec
from heimdall_project.events.page_views import PageView, event_identity
from ingestion.generator.blocks import Made, Maker
from ingestion.generator.options import Options
from ingestion.generator.truth import Fate, Tally, Truth, expected

from .wanted import options, steadily, wanted


def recount(records: list[Made]) -> dict[str, Any]:
    """The figures of a tally, out of nothing but the bytes."""
    bodies: dict[str, list[PageView]] = defaultdict(list)
    for each in records:
        try:
            event = codec.decode(PageView, each.value)
        except InvalidMessage:
            continue
        bodies[event_identity(event, each.value)].append(event)
    events = [copies[0] for copies in bodies.values()]
    return {
        "records": sum(map(len, bodies.values())),
        "events": len(events),
        "conflicts": sum(any(copy != copies[0] for copy in copies) for copies in bodies.values()),
        "id_sum": sum(crc32(identity.encode()) for identity in bodies),
        "by_type": Counter(str(event.event_type) for event in events),
        "by_content": Counter(event.content_id for event in events),
        "by_minute": Counter(int(event.occurred_at.timestamp() // 60) for event in events),
    }


def figures(tally: Tally) -> dict[str, Any]:
    return {name: getattr(tally, name) for name in recount([])}


@steadily
@given(wanted)
def test_the_truth_is_what_a_naive_recount_finds(wish: Options) -> None:
    truth = expected(Maker(wish))
    records = list(Maker(wish))
    assert figures(truth.known) == recount(records)
    assert truth.known.records + sum(truth.known.poison.values()) == len(records)
    assert truth.known.faults == {
        name: number
        for name, number in Counter(each.fault for each in records if each.original >= 0).items()
        if name != "fresh"
    }


@steadily
@given(wanted, st.integers(1, 5))
def test_the_truths_of_shards_add_up(wish: Options, shards: int) -> None:
    parts = [
        expected(Maker(msgspec.structs.replace(wish, shard=shard, shards=shards))) for shard in range(shards)
    ]
    for other in parts[1:]:
        parts[0].merge(other)
    assert parts[0].known == expected(Maker(wish)).known
    assert parts[0].shards == list(range(shards))


@steadily
@given(wanted, st.randoms(use_true_random=False))
def test_what_was_not_acknowledged_lies_within_the_bounds(wish: Options, draw: Any) -> None:
    maker, truth = Maker(wish), Truth.of(wish)
    acked, stored = [], []
    for number in maker.blocks:
        block = maker.block(number)
        fates = [draw.choice(list(Fate)) for _ in block]
        truth.count_block(block, fates)
        acked += [made for made, fate in zip(block, fates, strict=True) if fate is Fate.ACKED]
        stored += [
            made
            for made, fate in zip(block, fates, strict=True)
            if fate is Fate.ACKED or (fate is Fate.UNKNOWN and draw.random() < 0.5)
        ]
    assert figures(truth.known) == recount(acked)
    least, most, seen = figures(truth.known), figures(truth.unknown), recount(stored)
    for name in ("records", "events", "conflicts"):
        assert least[name] <= seen[name] <= least[name] + most[name]
    for name in ("by_type", "by_content", "by_minute"):
        for key in {*seen[name], *least[name]}:
            low = least[name].get(key, 0)
            assert low <= seen[name].get(key, 0) <= low + most[name].get(key, 0)


def test_what_was_refused_or_never_sent_is_counted_as_that() -> None:
    maker = Maker(options(count=100))
    block, truth = maker.block(0), Truth.of(maker.options)
    fates = [Fate.REFUSED if made.original < 0 else Fate.UNSENT for made in block]
    truth.count_block(block, fates)
    assert sum(truth.refused.values()) + truth.unsent == 100
    assert truth.known == truth.unknown == Tally()


def test_a_truth_survives_its_file() -> None:
    truth = expected(Maker(options()))
    assert Truth.from_json(truth.to_json()) == truth


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"\xff", b"not json"])
def test_a_file_that_holds_no_truth_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="not a file of truth"):
        Truth.from_json(text)


def test_a_file_of_another_format_is_refused() -> None:
    truth = Truth.of(options())
    truth.format = 99
    with pytest.raises(ValueError, match="format 99 is not known here"):
        Truth.from_json(truth.to_json())


def test_truths_of_other_runs_and_the_same_shard_do_not_merge() -> None:
    truth = Truth.of(options(shards=2))
    with pytest.raises(ValueError, match="is another than"):
        truth.merge(Truth.of(options(seed=8)))
    with pytest.raises(ValueError, match="both count shard 0"):
        truth.merge(Truth.of(options(shards=2)))


def test_the_top_is_by_number_and_then_by_id() -> None:
    assert Tally(by_content={"b": 2, "a": 2, "c": 5, "d": 1}).top(3) == [("c", 5), ("a", 2), ("b", 2)]


def test_the_identity_of_an_event_without_id_is_that_of_its_bytes() -> None:
    value = b'{"content_id":"c"}'
    tally = Truth.of(options())
    tally.count_block([Made(b"c", value, "no_id", 0, "", "view", "c", 0)])
    assert tally.known.id_sum == crc32(sha256(value).hexdigest().encode())
