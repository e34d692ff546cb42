"""The moves between states."""

import pytest

from dlq_admin.batch_states import ITEM_UNDER_WAY, ItemState, item_stage
from dlq_admin.states import CLOSED, GROUPS, MAY_BECOME, OPEN, UNDER_WAY, State, by_stage, sources


def test_every_state_has_a_row() -> None:
    assert set(MAY_BECOME) == set(State)


@pytest.mark.parametrize("state", sorted(CLOSED))
def test_nothing_follows_a_closed_state(state: State) -> None:
    assert MAY_BECOME[state] == frozenset()


@pytest.mark.parametrize("state", sorted(OPEN))
def test_an_open_state_has_a_way_to_an_end(state: State) -> None:
    reached: set[State] = set()
    waiting = [state]
    while waiting:
        each = waiting.pop()
        waiting += [target for target in MAY_BECOME[each] if target not in reached]
        reached |= MAY_BECOME[each]
    assert reached >= CLOSED


def test_nothing_is_sent_again_without_approval_and_nothing_under_way_is_discarded() -> None:
    assert sources(State.REPROCESSING) == {State.APPROVED}
    assert not sources(State.DISCARDED) & UNDER_WAY
    assert sources(State.RESOLVED) == UNDER_WAY


def test_reprocessed_is_published_or_resolved() -> None:
    assert GROUPS["REPROCESSED"] == {State.PUBLISHED, State.RESOLVED}


def test_the_two_states_under_way_are_one_stage_and_are_told_apart_only_where_one_is_meant() -> None:
    assert by_stage(["PUBLISHED", "RESOLVED"]) == {"UNDER_WAY": {"PUBLISHED"}, "RESOLVED": set()}
    assert by_stage(["PUBLISHED", "REPROCESSING"]) == {"UNDER_WAY": set()}
    assert {item_stage(state) for state in ItemState} == {*ItemState, "UNDER_WAY"} - ITEM_UNDER_WAY
