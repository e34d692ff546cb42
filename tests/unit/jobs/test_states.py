"""The table of states."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.states import MAY_BECOME, NOTED, OPEN, REDRIVABLE, TERMINAL, Event, Outcome, Status, sources


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_an_end_is_the_end(status: Status) -> None:
    assert MAY_BECOME[status] == frozenset()


@pytest.mark.parametrize("end", sorted(TERMINAL))
def test_every_open_state_may_go_straight_to_every_end(end: Status) -> None:
    assert sources(end) == OPEN


def test_the_table_names_every_state() -> None:
    assert set(MAY_BECOME) == set(Status)


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        MAY_BECOME[Status.FAILED] = frozenset({Status.RUNNING})  # type: ignore[index]


@given(st.lists(st.sampled_from(sorted(Status)), max_size=12))
def test_no_walk_along_the_table_returns_to_a_state_but_by_a_lapsed_lease(wishes: list[Status]) -> None:
    walk = [Status.PENDING]
    for wish in wishes:
        if wish in MAY_BECOME[walk[-1]]:
            walk = [wish] if (walk[-1], wish) == (Status.RUNNING, Status.PENDING) else [*walk, wish]
    assert len(walk) == len(set(walk))


def test_a_redrive_leaves_ends_without_a_result_and_no_others() -> None:
    assert TERMINAL - {Status.SUCCEEDED} == REDRIVABLE


def test_an_outcome_asks_for_its_end() -> None:
    ends = [Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.FAILED]
    assert [each.status for each in Outcome] == ends


def test_what_moves_a_job_is_never_bounded() -> None:
    assert not NOTED & {Event.SUBMITTED, Event.PUBLISHED, Event.CLAIMED, Event.RESULT_APPLIED}
