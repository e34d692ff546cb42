"""Stop signals in this very process, which outlives the first of them."""

import os
import signal

import pytest

from heimdall_project.streams.signals import stop_signals

WAIT = 30


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_sets_the_flag_and_interrupts_nothing(number: signal.Signals) -> None:
    with stop_signals() as flag:
        os.kill(os.getpid(), number)
        assert flag.stop.wait(WAIT)
    assert flag.reason == "asked by a signal"


def test_the_end_of_the_supervisor_asks_for_a_stop() -> None:
    lifeline, held_open = os.pipe()
    with stop_signals(lifeline=lifeline) as flag:
        assert not flag.is_set
        os.close(held_open)
        assert flag.stop.wait(WAIT)
    os.close(lifeline)
    assert flag.reason == "the supervisor is gone"


def test_a_supervised_process_takes_a_second_signal_for_the_first() -> None:
    lifeline, held_open = os.pipe()
    with stop_signals(lifeline=lifeline) as flag:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            os.kill(os.getpid(), number)
        assert flag.stop.wait(WAIT)
    os.close(lifeline)
    os.close(held_open)


def test_handlers_are_given_back_at_the_end() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with stop_signals():
        pass
    assert before == (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT))
