"""What is to be done about a cause, in the order in which it helps."""

from typing import Any

import pytest

from dlq_admin.admin.situation import Act, Crew, Open, Pending, next_step

RUNS = Crew("writer", "running", members=1, lag=0)


def opened(undecided: int = 5, **more: Any) -> Open:
    known: dict[str, Any] = {"approved": 0, "failed_again": 0, "under_way": 0, "disposition": "contract"}
    return Open(undecided, **(known | more))


def batch(state: str, **more: Any) -> Pending:
    known: dict[str, Any] = {"size": 10, "done": 2, "note": "", "is_own": False}
    return Pending(7, state, **(known | more))


@pytest.mark.parametrize(
    ("crew", "act", "said"),
    [
        (None, Act.LOOK, "No worker here consumes"),
        (Crew("writer"), Act.LOOK_AT_WORKER, "writer does not run. Start it"),
        (Crew("writer", "lost"), Act.LOOK_AT_WORKER, "writer does not run (lost)"),
        (Crew("writer", "halted", reason="a flood"), Act.START, "stopped on purpose: a flood"),
        (RUNS._replace(paused=True, reason="New disk."), Act.RESUME, "paused: New disk. Resume"),
        (RUNS, Act.PROPOSE, "breaks the contract"),
    ],
)
def test_the_worker_comes_first(crew: Crew | None, act: Act, said: str) -> None:
    step = next_step(opened(), crew, [batch("RUNNING")] if crew != RUNS else [])
    assert step.act == act and said in step.text


@pytest.mark.parametrize(
    ("pending", "approves", "act", "is_urgent"),
    [
        (batch("PROPOSED"), True, Act.APPROVE, True),
        (batch("PROPOSED"), False, Act.LOOK_AT_BATCH, False),
        (batch("PROPOSED", is_own=True), True, Act.LOOK_AT_BATCH, False),
        (batch("PROPOSED", is_approved=True), True, Act.LOOK_AT_BATCH, False),
        (batch("RUNNING"), True, Act.WATCH, False),
        (batch("PAUSED"), True, Act.LOOK_AT_BATCH, True),
        (batch("STOPPED", note="too much failed"), True, Act.LOOK_AT_BATCH, True),
    ],
)
def test_a_batch_is_offered_for_approval_to_those_alone_who_can_give_it(
    pending: Pending, approves: bool, act: Act, is_urgent: bool
) -> None:
    step = next_step(opened(), RUNS, [pending], approves=approves)
    assert (step.act, step.batch, step.is_urgent) == (act, 7, is_urgent)


def test_of_several_batches_the_one_that_needs_somebody_is_named() -> None:
    step = next_step(opened(), RUNS, [batch("RUNNING"), batch("STOPPED", note="too much failed")])
    assert step.text == "Batch 7 stopped itself: too much failed."


def test_what_failed_again_is_looked_at_before_it_is_sent_once_more() -> None:
    step = next_step(opened(failed_again=2), RUNS, [])
    assert step.act == Act.LOOK and "2 failed again" in step.text


def test_what_is_approved_one_by_one_wants_to_be_sent() -> None:
    step = next_step(opened(0, approved=3), RUNS, [])
    assert step.act == Act.SEND and step.is_urgent
