"""How long to wait before trying again."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from heimdall_project.streams.retry import OUTAGE, RetryPolicy

QUICK = settings(deadline=None, derandomize=True, database=None)


@given(st.integers(1, 10_000), st.integers(0, 99), st.floats(0.01, 5), st.floats(5, 100))
@QUICK
def test_a_wait_is_never_zero_and_never_above_the_ceiling(attempt, seed, base, ceiling):
    wait = RetryPolicy(base=base, ceiling=ceiling).delay(attempt, Random(seed))
    assert base / 2 <= wait <= ceiling


@given(st.integers(1, 6))
@QUICK
def test_waits_double(attempt):
    policy = RetryPolicy(base=1.0, ceiling=1000.0)
    draws = [policy.delay(attempt, Random(seed)) for seed in range(50)]
    assert 2 ** (attempt - 1) / 2 <= min(draws) <= max(draws) <= 2 ** (attempt - 1)


def test_many_workers_do_not_come_back_together():
    assert len({round(OUTAGE.delay(3, Random(seed)), 6) for seed in range(50)}) == 50


def test_attempts_are_spent_by_the_last_one_allowed():
    policy = RetryPolicy(attempts=3)
    assert [policy.is_spent(attempt) for attempt in (1, 2, 3, 4)] == [False, False, True, True]


def test_an_outage_is_waited_out_for_as_long_as_it_takes():
    assert not OUTAGE.is_spent(1_000_000)
