"""Causes: the same for failures of one kind, and different for those of another."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlq_admin.letters import Cause, fingerprint, normalised
from dlq_admin.letters.cause import MESSAGE_MOST
from dlq_admin.states import Disposition

THOROUGH = settings(max_examples=300, deadline=None, derandomize=True, database=None)
CAUSE = Cause("g", "orders", "ValueError", "field <n>", "abc", "order/1", Disposition.POISON)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("order 4711 is unknown", "order 12 is unknown"),
        ("took 1.5 s of -30", "took 22.75 s of +9"),
        ("no user 'ada'", "no user 'bob the 2nd'"),
        ('no user "ada"', 'no user ""'),
        ("no `a`", "no `b c`"),
        ("id 0b9f3a52-8a07-4a55-9a3c-0f3c6a1d2e77", "id 5d0c2a3e-7f0e-4b43-8f5b-3f1e9d2b6a10"),
        ("object at 0x7f001c", "object at 0xFFE"),
        ("commit 01538eea1", "commit a3ce54d99"),
        ("at 2026-11-21T09:14:57,101Z", "at 2027-01-02T10:00:00,000Z"),
        ("line 3,  column 4", "line 30, column 41"),
        ("token " + "x" * 80, "token " + "y/z" * 30),
    ],
)
def test_what_differs_from_record_to_record_does_not_part_a_cause(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("field price: too large", "field weight: too large"),
        ("can't find it", "can't read it"),
        ("timeout", "refused"),
        ("not JSON", "not UTF-8"),
    ],
)
def test_what_is_another_failure_is_another_cause(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


@given(st.text(max_size=400), st.integers(0, 10**30), st.integers(0, 10**30))
@THOROUGH
def test_numbers_never_part_a_cause(text: str, one: int, other: int) -> None:
    before = text[:200] + " at "
    assert normalised(f"{before}{one} left") == normalised(f"{before}{other} left")


@given(st.text())
@THOROUGH
def test_a_normalised_message_is_bounded_and_normal(text: str) -> None:
    found = normalised(text)
    assert len(found) <= MESSAGE_MOST and found == found.strip() and "  " not in found


@pytest.mark.parametrize("field", Cause._fields)
def test_each_part_of_a_cause_counts(field: str) -> None:
    other: Any = Disposition.CONTRACT if field == "disposition" else "other"
    assert fingerprint(CAUSE._replace(**{field: other})) != fingerprint(CAUSE)


def test_parts_do_not_run_into_each_other() -> None:
    assert fingerprint(CAUSE._replace(group="ab", topic="c")) != fingerprint(
        CAUSE._replace(group="a", topic="bc")
    )


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    assert fingerprint(CAUSE) == "7d67901bdd8bcdf8a8acb4740804fd9a"


@pytest.mark.timeout(30)
@pytest.mark.parametrize("text", ["'", '"', "a'", "0x", "`1", "1.", "<>", "a" * 59 + " "])
def test_hostile_messages_are_normalised_quickly(text: str) -> None:
    assert len(normalised(text * (1_000_000 // len(text)))) <= MESSAGE_MOST
