"""An endpoint that was away is left alone, and asked by one at a time whether it is back."""

from random import Random

import pytest

from analysis.providers.openai.faults import Away
from analysis.providers.openai.hold import BACKOFF, Hold


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hold(clock: Clock) -> Hold:
    return Hold(monotonic=clock, draw=Random(1))


def refused(hold: Hold) -> bool:
    try:
        hold.left(hold.enter())
    except Away:
        return True
    return False


def test_calls_go_through_while_nothing_fails(hold: Hold) -> None:
    for ticket in [hold.enter() for _ in range(10)]:
        hold.passed(ticket)


def test_after_a_failure_nobody_calls_for_a_while_and_then_one(hold: Hold, clock: Clock) -> None:
    hold.failed(hold.enter(), Away("it answered 500"))
    with pytest.raises(Away, match="it answered 500, a moment ago"):
        hold.enter()
    clock.now += BACKOFF.base
    trying = hold.enter()
    assert refused(hold)
    hold.passed(trying)
    assert not refused(hold) and not refused(hold)


def test_the_wait_grows_with_each_failure_up_to_a_ceiling(hold: Hold, clock: Clock) -> None:
    waits = []
    for _ in range(12):
        hold.failed(hold.enter(), Away("down"))
        began = clock.now
        while refused(hold):
            clock.now += 0.05
        waits.append(clock.now - began)
    assert waits[0] <= 0.55 and waits[4] > 2 and max(waits) <= BACKOFF.ceiling + 0.1


def test_who_waits_with_little_patience_sees_the_endpoint_tried_before_it_ends(clock: Clock) -> None:
    hold = Hold(patience=3, monotonic=clock, draw=Random(1))
    for _ in range(12):
        hold.failed(hold.enter(), Away("down"))
        clock.now += 0.75
    hold.passed(hold.enter())


def test_a_wait_that_the_endpoint_asks_for_is_kept(hold: Hold, clock: Clock) -> None:
    hold.failed(hold.enter(), Away("it answered 429", wait=90.0))
    clock.now += 89
    assert refused(hold)
    clock.now += 1
    assert not refused(hold)


def test_calls_that_began_before_the_failure_make_the_wait_no_longer(hold: Hold, clock: Clock) -> None:
    tickets = [hold.enter() for _ in range(50)]
    for ticket in tickets:
        hold.failed(ticket, Away("down"))
    clock.now += BACKOFF.base
    assert not refused(hold)


def test_a_call_that_tells_nothing_lets_the_next_one_try(hold: Hold, clock: Clock) -> None:
    hold.failed(hold.enter(), Away("down"))
    clock.now += BACKOFF.base
    hold.left(hold.enter())
    hold.passed(hold.enter())
    assert not refused(hold)
