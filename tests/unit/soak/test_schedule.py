"""What a soak will do follows from seed and minutes alone."""

import subprocess
import sys
from itertools import pairwise

import pytest

from tests.probe_workers.harness import ROOT
from tests.soak.kinds import KINDS
from tests.soak.schedule import CALM, Fault, lines, schedule

SEEDS = range(12)


def overlap(one: Fault, other: Fault) -> bool:
    return one.at <= other.until and other.at <= one.until


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_seed_and_minutes_give_the_same_faults(seed: int) -> None:
    assert schedule(seed, 15) == schedule(seed, 15)


def test_other_seeds_and_other_minutes_give_other_faults() -> None:
    shown = {"\n".join(lines(schedule(seed, minutes))) for seed in SEEDS for minutes in (5, 15)}
    assert len(shown) == 2 * len(SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_in_a_quarter_of_an_hour_every_kind_happens_at_least_twice(seed: int) -> None:
    names = [fault.kind.name for fault in schedule(seed, 15)]
    assert all(names.count(kind.name) >= 2 for kind in KINDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_faults_come_in_order_within_the_time_and_leave_it_calm_at_the_end(seed: int) -> None:
    faults = schedule(seed, 15)
    assert all(one.at <= other.at for one, other in pairwise(faults))
    assert max(fault.until for fault in faults) <= 15 * 60 - CALM
    assert [fault.number for fault in faults] == list(range(1, len(faults) + 1))


@pytest.mark.parametrize("seed", SEEDS)
def test_faults_overlap_but_never_two_of_one_party(seed: int) -> None:
    faults = schedule(seed, 15)
    pairs = [(one, other) for one in faults for other in faults if one.number < other.number]
    together = [(one, other) for one, other in pairs if overlap(one, other)]
    assert len(together) > 5
    assert all(one.kind.party is not other.kind.party for one, other in together)


def test_even_half_a_minute_has_faults() -> None:
    assert all(schedule(seed, 0.5) for seed in SEEDS)


def test_a_dry_run_prints_the_schedule_and_starts_nothing() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.soak", "--dry-run", "--minutes", "15", "--seed", "7"],
        cwd=ROOT,
        env={"PATH": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.splitlines()[1:] == list(lines(schedule(7, 15)))
