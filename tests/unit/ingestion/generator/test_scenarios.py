"""Rates by second, and the schedule that follows from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.generator.options import Faults, Options, Scenario
from ingestion.generator.scenarios import NOBODY, crowd, factor, schedule

from .wanted import options, steadily


def test_the_normal_rate_never_changes() -> None:
    assert {factor(Scenario.NORMAL, 1, second) for second in range(200)} == {1.0}


def test_a_burst_lasts_ten_seconds_of_every_minute() -> None:
    rates = [factor(Scenario.BURST, 1, second) for second in range(120)]
    assert rates == ([5.0] * 10 + [1.0] * 50) * 2


def test_a_spike_comes_at_random_and_belongs_to_one_content() -> None:
    spikes = [second for second in range(5000) if factor(Scenario.RANDOM_SPIKE, 3, second) == 8.0]
    assert 300 < len(spikes) < 1500 and spikes[0] >= 10
    assert {len(crowd(Scenario.RANDOM_SPIKE, 3, 500, second).contents) for second in spikes} == {1}
    assert crowd(Scenario.RANDOM_SPIKE, 3, 500, 0) == NOBODY
    assert spikes != [second for second in range(5000) if factor(Scenario.RANDOM_SPIKE, 4, second) == 8.0]


def test_popular_contents_change_every_minute() -> None:
    crowds = [crowd(Scenario.POPULAR_BIAS, 3, 500, second) for second in (0, 59, 60)]
    assert crowds[0] == crowds[1] != crowds[2]
    assert (crowds[0].share, len(set(crowds[0].contents))) == (0.8, 10)


@steadily
@given(
    st.sampled_from(Scenario),
    st.integers(0, 2**40),
    st.floats(0.01, 1e6),
    st.lists(st.integers(0, 50_000), min_size=1),
)
def test_due_and_moment_agree(scenario: Scenario, seed: int, eps: float, indices: list[int]) -> None:
    plan = schedule(scenario, seed, eps)
    for index in indices:
        if index / eps < 20_000:
            moment = plan.moment(index)
            assert plan.due(moment) in (index - 1, index, index + 1)
            assert plan.due(moment + 1.001 / eps) >= index


def test_a_burst_is_due_five_times_as_fast() -> None:
    plan = schedule(Scenario.BURST, 1, 100.0)
    assert (plan.due(10), plan.due(60), plan.due(70)) == (5000, 10_000, 15_000)
    assert (plan.moment(500), plan.moment(5000), plan.moment(10_000)) == (1.0, 10.0, 60.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dup=2", "<= 1"),
        ("dup=-0.1", ">= 0"),
        ("dup=x", "fault dup: 'x' is no number"),
        ("dup", "fault dup: '' is no number"),
        ("dup=nan", "dup"),
        ("lies=0.1", "unknown fault 'lies'; known: dup, restamp"),
        ("dup=0.6,late=0.6", "more than 1"),
    ],
)
def test_faults_that_cannot_be_are_refused(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Faults.parse(text)


def test_faults_are_read_from_text() -> None:
    assert Faults.parse(" dup=0.01, poison=.5,") == Faults(dup=0.01, poison=0.5)
    assert Faults.parse("") == Faults()


def test_a_shard_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="shard 2 of 2 does not exist"):
        options(shard=2, shards=2)


def test_a_run_is_named_by_its_options_and_not_by_its_shards() -> None:
    runs = {options(shard=shard, shards=3).run for shard in range(3)}
    assert runs == {options().run} != {options(seed=8).run}
    assert isinstance(options(), Options)
