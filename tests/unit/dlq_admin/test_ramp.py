"""How fast a batch goes, and when it stops itself."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlq_admin.batch_states import APPROVED, ENDED, MAY_TURN, BatchState, batch_sources
from dlq_admin.ramp import (
    SECOND,
    Finish,
    Progress,
    Recent,
    Rules,
    Send,
    Stop,
    Wait,
    allowance,
    plan,
    stages,
    used,
)

RULES = Rules(canary=5, rate=100, most_failures=0.1)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
THOROUGH = settings(max_examples=200, deadline=None, derandomize=True, database=None)


def test_the_canary_goes_first_then_ever_more() -> None:
    assert stages(RULES, 10_000) == [5, 100, 1000, 10_000]
    assert stages(RULES, 20) == [5, 20] and stages(RULES, 3) == [3] and stages(RULES, 1) == [1]


def test_nothing_more_goes_until_the_canary_has_ended() -> None:
    assert plan(RULES, Progress(1000, 0, 0, 0), allowed=100) == Send(5)
    assert isinstance(plan(RULES, Progress(995, 5, 0, 0), allowed=100), Wait)
    assert isinstance(plan(RULES, Progress(995, 1, 4, 0), allowed=100), Wait)
    assert plan(RULES, Progress(995, 0, 5, 0), allowed=100) == Send(5)
    assert plan(RULES, Progress(990, 0, 10, 0), allowed=100) == Send(90)


def test_it_stops_itself_when_too_much_fails() -> None:
    assert plan(RULES, Progress(995, 3, 1, 1), allowed=100) == Stop("1 of 2 failed again")
    assert isinstance(plan(RULES, Progress(0, 3, 1, 1), allowed=100), Wait)


def test_failures_that_a_person_knew_of_do_not_stop_it_again() -> None:
    assert plan(RULES, Progress(995, 0, 4, 1, forgiven=1), allowed=100) == Send(5)
    assert isinstance(plan(RULES, Progress(990, 0, 8, 2, forgiven=1), allowed=100), Stop)


def test_it_is_done_when_each_letter_has_its_end() -> None:
    assert plan(RULES, Progress(0, 0, 9, 1), allowed=0) == Finish()
    assert plan(RULES, Progress(0, 0, 0, 10), allowed=0) == Finish()
    assert isinstance(plan(RULES, Progress(0, 1, 9, 0), allowed=10), Wait)


@given(st.integers(1, 3000), st.integers(1, 50), st.floats(0, 1), st.floats(0, 0.3), st.integers(0, 2**32))
@THOROUGH
def test_a_batch_comes_to_an_end_and_never_runs_ahead(
    size: int, canary: int, most: float, fails: float, seed: int
) -> None:
    rules, draw = Rules(canary=canary, rate=100, most_failures=most), Random(seed)
    now = Progress(size, 0, 0, 0)
    for _ in range(100_000):
        allowed = draw.randint(0, 500)
        step = plan(rules, now, allowed=allowed)
        if isinstance(step, Finish | Stop):
            break
        if isinstance(step, Send):
            assert 1 <= step.most <= allowed
            now = now._replace(waiting=now.waiting - step.most, under_way=now.under_way + step.most)
            ended = now.resolved + now.failed
            assert now.sent <= next(end for end in stages(rules, size) if end > ended or end == size)
        elif now.under_way:
            bad = draw.random() < fails
            now = now._replace(
                under_way=now.under_way - 1, resolved=now.resolved + (not bad), failed=now.failed + bad
            )
    assert isinstance(step, Finish | Stop) and now.size == size
    assert isinstance(step, Finish) == (now.resolved + now.failed == size)
    assert isinstance(step, Finish) or now.failed > most * (now.resolved + now.failed)


@given(st.floats(0.05, 10_000), st.lists(st.floats(0, 3), min_size=1, max_size=200))
@THOROUGH
def test_a_rate_is_kept_but_for_one_second_of_it_at_once(rate: float, pauses: list[float]) -> None:
    now, free_from, sent = NOON, NOON, 0
    for pause in pauses:
        now += timedelta(seconds=pause)
        if n := allowance(rate, free_from, now):
            free_from, sent = used(rate, free_from, now, n), sent + n
    assert sent <= rate * ((now - NOON).total_seconds() + 1) + 2


@given(
    st.floats(1, 10_000),
    st.lists(st.tuples(st.floats(0, 3), st.floats(0, 0.5)), min_size=1, max_size=200),
)
@THOROUGH
def test_within_no_second_more_go_than_the_rate(rate: float, rounds: list[tuple[float, float]]) -> None:
    now, free_from, recent = 0.0, NOON, Recent()
    sent: list[tuple[float, float, int]] = []  # begin, end, how many went in between
    for pause, takes in rounds:
        now += pause
        at = NOON + timedelta(seconds=now)
        if n := allowance(rate, free_from, at, recent=recent.count(now)):
            free_from = used(rate, free_from, at, n)
            sent.append((now, now + takes, n))
            now += takes
            recent.add(n, now)
    for begin, _, _ in sent:  # a window is fullest where it ends with a round
        touched = [n for first, last, n in sent if last > begin - SECOND and first <= begin]
        assert sum(touched) <= rate


def test_a_rate_is_used_though_rounds_come_as_they_like() -> None:
    draw, rate, now, free_from, recent, sent = Random(7), 500, 0.0, NOON, Recent(), 0
    while now < 60:
        now += draw.uniform(0.01, 0.3)
        at = NOON + timedelta(seconds=now)
        if n := allowance(rate, free_from, at, recent=recent.count(now)):
            free_from, sent = used(rate, free_from, at, n), sent + n
            recent.add(n, now)
    assert 0.9 * rate * 60 <= sent <= rate * 61


def test_a_slow_rate_still_goes_on() -> None:
    free_from = used(0.1, NOON, NOON, allowance(0.1, NOON, NOON))
    assert allowance(0.1, free_from, NOON + timedelta(seconds=9.9)) == 0
    assert allowance(0.1, free_from, NOON + timedelta(seconds=10)) == 1


def test_every_state_of_a_batch_has_a_row_and_only_an_end_is_one() -> None:
    assert set(MAY_TURN) == set(BatchState)
    assert {state for state, targets in MAY_TURN.items() if not targets} == ENDED
    assert batch_sources(BatchState.DONE) == {BatchState.RUNNING} and BatchState.PROPOSED not in APPROVED


@pytest.mark.parametrize(
    "state", [BatchState.RUNNING, BatchState.PAUSED, BatchState.STOPPED, BatchState.PROPOSED]
)
def test_what_has_not_ended_can_be_cancelled(state: BatchState) -> None:
    assert BatchState.CANCELLED in MAY_TURN[state]
