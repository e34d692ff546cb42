"""The records of one caller: counted by callbacks, waited for once."""

from threading import Thread
from typing import Any

from heimdall_project.streams.broker import Flight


class Landed:
    """A message as the client reports it."""

    def __init__(self, partition: int, offset: int) -> None:
        self._place = partition, offset

    def partition(self) -> int:
        return self._place[0]

    def offset(self) -> int:
        return self._place[1]


def flight(number: int) -> tuple[Flight, list[Flight]]:
    ended: list[Flight] = []
    return Flight(number, ended.append), ended


def land(each: Flight, index: int, error: Any = None) -> None:
    each.landed(index, error, Landed(0, index))


def test_it_ends_with_the_last_answer_and_tells_once() -> None:
    each, ended = flight(2)
    each.handed_over(2)
    land(each, 1)
    assert not each.wait(0) and ended == []
    land(each, 0)
    assert each.wait(0) and ended == [each]
    assert each.places == [(0, 0), (0, 1)]


def test_answers_that_come_before_all_is_handed_over_are_not_lost() -> None:
    each, ended = flight(2)
    land(each, 0)
    land(each, 1)
    assert not each.wait(0)
    each.handed_over(2)
    assert each.wait(0) and ended == [each]


def test_what_was_not_handed_over_is_not_waited_for() -> None:
    each, ended = flight(5)
    land(each, 0)
    each.handed_over(1)
    assert each.wait(0) and each.unsent == 1 and ended == [each]


def test_nothing_handed_over_is_over_at_once() -> None:
    each, ended = flight(3)
    each.handed_over(0)
    assert each.wait(0) and ended == [each] and not each.is_acknowledged


def test_a_failure_is_kept_and_is_no_place() -> None:
    each, _ = flight(2)
    each.handed_over(2)
    land(each, 0, "timed out")
    land(each, 1)
    assert each.places == [None, (0, 1)] and each.failures == {0: "timed out"}
    assert each.is_acknowledged


def test_both_threads_at_the_last_answer_end_it_once() -> None:
    for _ in range(300):
        each, ended = flight(1)
        other = Thread(target=land, args=(each, 0))
        other.start()
        each.handed_over(1)
        assert each.wait(5)
        other.join()
        assert ended == [each]
