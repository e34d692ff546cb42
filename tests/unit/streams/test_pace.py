"""Hand-overs stay short: they grow while they are quick, and shrink when they are not."""

from hypothesis import given
from hypothesis import strategies as st

from heimdall_project.streams.pace import EASY, SLICE, Pace


def test_quick_work_is_handed_over_together_up_to_the_bound() -> None:
    pace, seen = Pace(), []
    for _ in range(8):
        seen.append(pace.records(50))
        pace.took(seen[-1], EASY / 2)
    assert seen == [1, 2, 4, 8, 16, 32, 50, 50]


def test_slow_work_goes_record_by_record() -> None:
    pace = Pace()
    for _ in range(6):
        pace.took(pace.records(50), 0.0)
    pace.took(3, 60.0)
    assert pace.records(50) == 1


def test_a_hand_over_that_took_too_long_shrinks_to_what_would_have_fitted() -> None:
    pace = Pace()
    pace.took(40, 2 * SLICE)
    assert pace.records(50) == 20


def test_few_records_say_nothing_about_many() -> None:
    pace = Pace()
    for _ in range(4):
        pace.took(pace.records(50), 0.0)
    pace.took(1, 0.0)
    assert pace.records(50) == 16


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0, 100))), st.integers(1, 50))
def test_it_is_never_less_than_one_nor_more_than_allowed(taken: list[tuple[int, float]], most: int) -> None:
    pace = Pace()
    for handled, seconds in taken:
        pace.took(handled, seconds)
        assert 1 <= pace.records(most) <= most
