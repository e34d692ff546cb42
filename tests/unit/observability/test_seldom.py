"""A library that repeats itself is heard once in a while."""

import logging

from heimdall_project.observability.seldom import KINDS, Seldom
from heimdall_project.streams.testing import FakeClock


def line(text: str) -> logging.LogRecord:
    return logging.LogRecord("lib", logging.ERROR, "", 0, "%s", (text,), None)


def test_lines_of_one_kind_are_let_through_once_in_a_while_and_counted() -> None:
    clock = FakeClock()
    seldom = Seldom(10.0, clock=clock.monotonic)
    assert [seldom.filter(line("the server is away")) for _ in range(5)] == [True, False, False, False, False]
    clock.advance(11.0)
    last = line("the server is away")
    assert seldom.filter(last)
    assert last.getMessage() == "the server is away (and 4 times before)"


def test_lines_of_other_kinds_are_not_held_back() -> None:
    seldom = Seldom(10.0, clock=FakeClock().monotonic)
    assert seldom.filter(line("the server is away")) and seldom.filter(line("the disk is full"))


def test_kinds_without_end_take_no_memory_without_end() -> None:
    seldom = Seldom(10.0, clock=FakeClock().monotonic)
    for number in range(10 * KINDS):
        seldom.filter(line(f"{number} is a number"))
    assert len(seldom._kinds) <= KINDS
