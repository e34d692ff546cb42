"""Whether books balance, and what is in flight."""

from datetime import UTC, datetime, timedelta

from heimdall_project.streams.balance import Balance, Position, accepted_between

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EVEN = Position(partition=0, start=5, cursor=15, counted=10, moved_at=NOW, first=0, end=18)


def test_what_is_in_flight_is_the_end_minus_the_cursor():
    assert EVEN.in_flight == 3
    assert list(EVEN.problems()) == []


def test_what_is_in_flight_does_not_follow_from_the_outcomes():
    wrong = Position(partition=0, start=5, cursor=15, counted=9, first=0, end=18)
    assert wrong.in_flight == 3
    assert list(wrong.problems()) == ["the outcomes sum up to 9, the cursor has passed 10 records"]


def test_a_partition_without_a_cursor_has_all_that_the_broker_keeps_in_flight():
    assert Position(partition=1, first=4, end=9).in_flight == 5


def test_nothing_is_said_about_flight_while_the_broker_is_silent():
    silent = Position(partition=0, start=0, cursor=7, counted=7)
    assert silent.in_flight is None
    assert Balance(positions=[silent], broker="away").in_flight is None
    assert Balance(positions=[silent], broker="away").problems == []


def test_a_cursor_past_the_end_is_told():
    ahead = Position(partition=0, start=0, cursor=9, counted=9, first=0, end=7)
    assert list(ahead.problems()) == ["the cursor is 2 past the end of the partition"]
    assert ahead.in_flight == 0


def test_a_topic_of_another_id_is_told_and_its_offsets_are_not_compared():
    other = Position(partition=0, start=0, cursor=9, counted=9, topic_id="a", first=0, end=7)
    assert list(other.problems("b")) == ["the topic was recreated: its offsets mean other records now"]


def test_records_deleted_before_they_were_counted_are_told():
    late = Position(partition=0, start=0, cursor=9, counted=9, first=12, end=20)
    assert list(late.problems()) == ["the broker deleted 3 records before they were counted"]


def test_outcomes_without_a_cursor_are_told():
    assert list(Position(partition=0, counted=2).problems()) != []


def test_the_oldest_cursor_is_one_that_has_something_before_it():
    idle = Position(
        partition=0, start=0, cursor=9, counted=9, moved_at=NOW - timedelta(days=1), first=0, end=9
    )
    assert Balance(positions=[idle, EVEN]).oldest == EVEN
    assert Balance(positions=[idle]).oldest is None


def test_accepted_is_the_distance_between_the_offsets_of_two_moments():
    marks = [{0: 0, 1: 0}, {0: 4, 1: 0}, {0: 10, 1: 1}, {0: -1, 1: -1}]
    assert accepted_between(marks, {0: (0, 12), 1: (0, 3)}) == [4, 7, 4]


def test_what_was_accepted_before_the_first_kept_offset_is_not_known():
    marks = [{0: 50}, {0: 50}, {0: 60}, {0: -1}]
    assert accepted_between(marks, {0: (50, 65)}) == [None, None, 5]


def test_a_silent_partition_whose_records_are_all_deleted_accepts_nothing():
    assert accepted_between([{0: -1}, {0: -1}], {0: (50, 50)}) == [0]
