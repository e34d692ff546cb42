"""What the ledger adds for a finished span."""

from hypothesis import given
from hypothesis import strategies as st

from heimdall_project.streams.books import Tally, tallies
from heimdall_project.streams.offsets import Run, Span
from heimdall_project.streams.outcomes import DUPLICATE, STORED, Rule
from heimdall_project.streams.records import Partition

P0 = Partition("t", 0)
COUNTED = [Run(10, 14, 1, "http", STORED), Run(15, 15, 1, "http", DUPLICATE), Run(18, 19, 2, "http", STORED)]
SPAN = Span(P0, 10, 20, tuple(COUNTED))


def test_offsets_without_a_record_are_counted_as_absent() -> None:
    assert tallies(SPAN, None)[Tally(2, "broker", "dropped", Rule.ABSENT)] == 2


def test_what_the_cursor_passed_is_not_counted_again() -> None:
    assert tallies(SPAN, 15) == {
        Tally(1, "http", "duplicate", ""): 1,
        Tally(2, "http", "stored", ""): 2,
        Tally(2, "broker", "dropped", Rule.ABSENT): 2,
    }


@given(st.integers(0, 30))
def test_counts_add_up_to_the_way_the_cursor_moves(cursor: int) -> None:
    assert tallies(SPAN, cursor).total() == max(0, SPAN.end - cursor)
