"""The same options give the same bytes; what is made is what it says it is."""

from collections import Counter
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heimdall_project.errors import InvalidMessage
from heimdall_project.events import codec
from heimdall_project.events.page_views import PageView
from ingestion.generator.blocks import SIZE, Made, Maker
from ingestion.generator.options import Faults, Options, Scenario
from ingestion.generator.poison import POISON
from ingestion.generator.population import COHORTS

from .wanted import START, options, steadily, wanted


def made(**change: object) -> list[Made]:
    return list(Maker(options(**change)))


@steadily
@given(wanted)
def test_the_same_options_give_the_same_bytes(wish: Options) -> None:
    once, again = list(Maker(wish)), list(Maker(wish))
    assert once == again and len(once) == wish.count


def test_another_seed_gives_other_records() -> None:
    assert not {each.value for each in made(faults=Faults())} & {
        each.value for each in made(faults=Faults(), seed=8)
    }


def test_a_longer_run_begins_as_a_shorter_one_but_for_its_name() -> None:
    short, long = options(count=250), options(count=600)
    strip = [each.value.replace(long.run.encode(), b"") for each in Maker(long)]
    assert strip[:250] == [each.value.replace(short.run.encode(), b"") for each in Maker(short)]


@steadily
@given(wanted)
def test_what_is_made_reads_as_it_says(wish: Options) -> None:
    for each in Maker(wish):
        if each.original < 0:
            continue
        event = codec.decode(PageView, each.value)
        assert codec.encode(event) == codec.encode(codec.decode_strict(PageView, each.value))
        assert (event.event_id or "", event.event_type, event.content_id) == (
            each.event_id,
            each.event_type,
            each.content_id,
        )
        assert round(event.occurred_at.timestamp() * 1000) == each.occurred_ms
        assert each.key == event.content_id.encode()
        assert event.user_id.startswith(wish.run)


@pytest.mark.parametrize("name", POISON)
def test_each_class_of_poison_is_refused_with_its_disposition(name: str) -> None:
    for good in (each for each in made(faults=Faults(no_id=0.5)) if each.original >= 0):
        spoilt = POISON[name].spoil(good.value)
        assert b"\n" not in spoilt
        for decode in (codec.decode, codec.decode_strict):
            with pytest.raises(InvalidMessage) as refusal:
                decode(PageView, spoilt)
            assert refusal.value.disposition == POISON[name].disposition


def test_every_fault_is_made_about_as_often_as_it_was_asked_for() -> None:
    records = made(count=20_000)
    counts = Counter("poison" if each.original < 0 else each.fault for each in records)
    for name, part in msgspec.structs.asdict(options().faults).items():
        assert 0.8 * part < counts[name] / len(records) < 1.2 * part
    assert {each.fault for each in records if each.original < 0} == set(POISON)


def test_a_duplicate_has_the_bytes_of_its_original() -> None:
    records = made()
    copies = [(n, each) for n, each in enumerate(records) if each.fault == "dup"]
    assert copies
    assert all(records[n - n % SIZE + each.original].value == each.value for n, each in copies)


def test_a_restamped_copy_says_the_same_in_other_bytes() -> None:
    records = made()
    for n, copy in enumerate(records):
        if copy.fault == "restamp":
            original = records[n - n % SIZE + copy.original]
            assert copy.value != original.value
            assert codec.decode(PageView, copy.value) == codec.decode(PageView, original.value)


def test_a_conflict_has_an_id_that_means_something_else() -> None:
    records = made()
    for n, copy in enumerate(records):
        if copy.fault == "conflict":
            original = codec.decode(PageView, records[n - n % SIZE + copy.original].value)
            other = codec.decode(PageView, copy.value)
            assert other != original and (other.event_id, other.content_id) == (
                original.event_id,
                original.content_id,
            )


def test_late_events_are_old_and_future_ones_are_ahead() -> None:
    last = START + 1000
    for each in made():
        if each.fault == "late":
            assert 50_000 < last - each.occurred_ms < 3 * 86_400_000
        elif each.fault == "future":
            assert each.occurred_ms > last + 5_000
        elif each.original >= 0 and each.fault == "fresh":
            assert START <= each.occurred_ms <= last


@steadily
@given(wanted, st.integers(1, 5))
def test_shards_make_together_what_one_makes(wish: Options, shards: int) -> None:
    parts = [Maker(msgspec.structs.replace(wish, shard=shard, shards=shards)) for shard in range(shards)]
    assert {part.run for part in parts} == {wish.run}
    together = sorted((number, part.block(number)) for part in parts for number in part.blocks)
    assert [each for _, block in together for each in block] == list(Maker(wish))


def test_events_without_id_are_never_the_same_by_accident() -> None:
    records = made(count=20_000, eps=1e7, contents=1, users=10, faults=Faults(no_id=1.0))
    assert len({each.value for each in records}) == len(records)


def test_popularity_falls_with_rank() -> None:
    counts = Counter(each.content_id for each in made(count=20_000, faults=Faults()))
    assert counts["c-000000"] > 1.5 * counts["c-000001"] > 2 * counts["c-000010"] > 4 * counts["c-000100"] > 0


def test_every_cohort_takes_part() -> None:
    counts = Counter(
        codec.decode(PageView, each.value).user_id.split("-")[1]
        for each in made(count=20_000, faults=Faults())
    )
    for cohort in COHORTS:
        assert 0.8 * cohort.events < counts[cohort.name] / 20_000 < 1.2 * cohort.events


def test_in_popular_bias_ten_contents_draw_four_of_five() -> None:
    records = made(count=10_000, scenario=Scenario.POPULAR_BIAS, faults=Faults())
    top = Counter(each.content_id for each in records).most_common(10)
    assert sum(number for _, number in top) > 7_800


def test_records_can_be_padded_to_a_size() -> None:
    plain, padded = made(faults=Faults()), made(faults=Faults(), pad=800)
    assert {len(b.value) - len(a.value) for a, b in zip(plain, padded, strict=True)} == {
        800 + len(',"pad":""')
    }


def test_blocks_are_due_in_order() -> None:
    maker = Maker(options(scenario=Scenario.RANDOM_SPIKE, count=100_000))
    times = [maker.due_at(number) for number in maker.blocks]
    assert times[0] == 0.0
    assert all(a <= b for a, b in pairwise(times))
