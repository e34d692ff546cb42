"""When the supervisor starts a worker again."""

import pytest

from heimdall_project.streams.exit_codes import ExitCode, describe
from heimdall_project.streams.slots import Backoff, Phase, Slot

BACKOFF = Backoff(first=1.0, ceiling=8.0, settled=60.0)


def running(**fields: float) -> Slot:
    slot = Slot("writer", **fields)  # type: ignore[arg-type]
    slot.started(pid=100, now=0.0)
    return slot


def test_waits_double_up_to_the_ceiling() -> None:
    assert [BACKOFF.delay(failures) for failures in range(1, 7)] == [1, 2, 4, 8, 8, 8]


def test_failures_in_a_row_wait_longer_each_time() -> None:
    slot = running()
    waits = []
    for now in (1.0, 2.0, 3.0):
        waits.append(slot.ended(ExitCode.CRASHED, now, BACKOFF))
        slot.started(pid=101, now=now)
    assert waits == [1, 2, 4]


def test_a_minute_of_work_makes_earlier_failures_forgotten() -> None:
    slot = running(failures=5)
    assert slot.ended(ExitCode.CRASHED, 60.0, BACKOFF) == 1.0


def test_a_worker_that_stopped_on_purpose_is_followed_by_a_process_that_waits_for_an_order() -> None:
    slot = running()
    slot.ended(ExitCode.ON_PURPOSE, 1.0, BACKOFF)
    slot.started(pid=101, now=1.0)
    assert (slot.phase, slot.halted_pid, slot.starts) == (Phase.HELD, 100, 1)


def test_an_order_starts_the_worker_itself_at_once() -> None:
    slot = running()
    slot.ended(ExitCode.ON_PURPOSE, 1.0, BACKOFF)
    slot.started(pid=101, now=1.0)
    slot.ended(ExitCode.ORDERED, 500.0, BACKOFF)
    assert (slot.holding, slot.phase, slot.due) == (False, Phase.DUE, 500.0)


@pytest.mark.parametrize("code", [ExitCode.DONE, ExitCode.CRASHED, ExitCode.ON_PURPOSE, -9])
def test_a_waiting_process_that_dies_does_not_bring_the_worker_back(code: int) -> None:
    slot = running()
    slot.ended(ExitCode.ON_PURPOSE, 1.0, BACKOFF)
    slot.started(pid=101, now=1.0)
    slot.ended(code, 2.0, BACKOFF)
    assert slot.holding


def test_replicas_have_names_of_their_own() -> None:
    assert [Slot("writer", replica).label for replica in (0, 1)] == ["writer", "writer#1"]


@pytest.mark.parametrize(
    ("code", "words"), [(-9, "killed by signal 9"), (3, "stopped on purpose"), (99, "exit code 99")]
)
def test_every_exit_code_has_a_sentence(code: int, words: str) -> None:
    assert words in describe(code)


def test_a_worker_that_could_not_be_forked_is_tried_again_later() -> None:
    slot = Slot("writer")
    waits = [slot.failed(0.0, BACKOFF), slot.failed(1.0, BACKOFF)]
    assert (waits, slot.phase, slot.due) == ([1.0, 2.0], Phase.DUE, 3.0)
