"""The trace of a caller is continued; anything else begins a new one, and nothing is ever an error."""

import pytest

from heimdall_project.observability import tracing
from heimdall_project.observability.logging import context
from heimdall_project.observability.tracing import (
    Entered,
    begin,
    carried,
    continued,
    current,
    current_id,
    rejoined,
    span,
    trace_id,
    traced,
)

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ID = CALLER[3:35]
HOSTILE = [
    None,
    "",
    "nonsense",
    CALLER.upper(),
    CALLER + "-x",
    "ff" + CALLER[2:],
    "00-" + "0" * 32 + CALLER[35:],
    CALLER[:36] + "0" * 16 + "-01",
    CALLER[:-1],
    CALLER + "\n",
    "\0" + CALLER,
    " " + CALLER,
    CALLER.replace("a", "\u0661"),
    "\udcff" * 55,
    "01" + CALLER[2:] + "-" + "x" * 10_000,
    "01" + CALLER[2:] + "x",
]


def test_a_trace_goes_on_under_the_same_id_and_with_the_callers_choice() -> None:
    assert continued(CALLER) == CALLER
    assert continued(CALLER[:-2] + "00").endswith("-00")


@pytest.mark.parametrize("raw", HOSTILE)
def test_what_is_not_a_traceparent_begins_a_new_trace(raw: str | None) -> None:
    assert trace_id(continued(raw)) not in {"", ID}
    with traced(raw, "\r\nevil: 1") as traceparent:
        assert trace_id(traceparent) not in {"", ID}
        assert carried() == {"traceparent": traceparent}


def test_later_versions_are_read_as_far_as_we_know_them() -> None:
    assert continued("cc" + CALLER[2:-2] + "ff-what-the-future-brings") == CALLER


def test_flags_that_we_do_not_know_are_not_passed_on() -> None:
    assert continued(CALLER[:-2] + "fe").endswith("-00")


def test_the_trace_is_current_inside_of_its_block_only() -> None:
    with traced(CALLER) as traceparent:
        assert (current(), current_id()) == (traceparent, ID)
        assert context()["trace_id"] == ID
    assert current() == current_id() == ""
    assert "trace_id" not in context() and carried() == {}


def test_a_new_trace_says_that_nobody_records_it_where_nobody_does() -> None:
    with traced(None) as traceparent:
        assert traceparent.endswith("-00")


def test_the_state_of_other_systems_is_passed_on_as_it_came() -> None:
    with traced(CALLER, "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"):
        assert carried()["tracestate"] == "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"


@pytest.mark.parametrize("state", ["x" * 513, "a=1\r\nb: 2", "ключ=1", ""])
def test_a_state_that_is_too_long_or_no_text_is_dropped(state: str) -> None:
    with traced(CALLER, state):
        assert "tracestate" not in carried()


def test_the_state_of_a_trace_that_cannot_be_read_is_dropped_with_it() -> None:
    with traced("nonsense", "congo=1"):
        assert "tracestate" not in carried()


def test_steps_are_nothing_where_nothing_is_recorded() -> None:
    with traced(CALLER), span("step", size=1) as step:
        step.note(more=2)
        step.fail("refused")
        assert current() == CALLER
    with span("outside of any work") as outside:
        assert outside is step


def test_work_that_goes_on_later_is_in_its_own_trace_again() -> None:
    other = "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
    with traced(other):
        with rejoined(ID, name="try again"):
            assert current_id() == ID
        with rejoined(ID, CALLER, name="try again"):
            assert current() == CALLER
        with rejoined("", name="a job from before there were traces"):
            assert current() == other
        with rejoined(ID, other, name="a parent of another trace"):
            assert current_id() == ID
        assert current() == other


def test_a_block_that_raises_leaves_no_trace_behind() -> None:
    with pytest.raises(ValueError, match="broken"), Entered(begin(CALLER, name="work")):
        raise ValueError("broken")
    assert tracing.current() == ""
