"""What the admin shows of a log."""

import pytest

from heimdall_project.streams.admin.wording import age, duration
from jobs.admin.log_view import AROUND, MOST_CHARS, MOST_LINES, Row, citations, excerpt

LOG = "\n".join(f"line {number}" for number in range(1, 101)) + "\n"


def test_without_citations_the_log_is_shown_from_its_beginning() -> None:
    rows = excerpt("one\ntwo\n", {})
    assert rows == [Row(1, "one"), Row(2, "two")]


def test_citations_are_shown_with_the_lines_around_them() -> None:
    rows = excerpt(LOG, {50: ("it fails here",)})
    assert (rows[0], rows[-1]) == (Row(skipped=49 - AROUND), Row(skipped=50 - AROUND))
    assert rows[1 + AROUND] == Row(50, "line 50", ("it fails here",))


def test_citations_beyond_the_log_are_passed_by() -> None:
    assert [row.number for row in excerpt("one\n", {0: ("x",), 2: ("y",), -1: ("z",)})] == [1]


def test_a_long_log_is_shown_to_its_bound() -> None:
    rows = excerpt("x\n" * (MOST_LINES + 10), {})
    assert (len(rows), rows[-1]) == (MOST_LINES + 1, Row(skipped=10))


def test_a_long_line_is_shown_to_its_bound() -> None:
    [row] = excerpt("x" * (MOST_CHARS + 7), {})
    assert row.text.endswith("x … 7 more characters")


def test_what_cannot_be_seen_is_made_visible() -> None:
    [row] = excerpt("\x1b[31mred \u202egnp.exe\tend", {})
    assert row.text == "\u241b[31mred ⟨U+202E⟩gnp.exe\tend"


@pytest.mark.parametrize("result", [None, {}, {"evidence": None}, {"evidence": [1, {"line": "x"}, {}]}])
def test_evidence_that_does_not_fit_is_left_out(result: dict[str, object] | None) -> None:
    assert citations(result) == {}


def test_claims_on_one_line_are_kept_together() -> None:
    evidence = [{"line": 3, "claim": "a"}, {"line": 3, "claim": "b"}]
    assert citations({"evidence": evidence}) == {3: ("a", "b")}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0 ms"),
        (0.0412, "41 ms"),
        (3.21, "3.2 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (3600, "1 h"),
        (90_000, "1 d 1 h"),
        (86_401, "1 d"),
    ],
)
def test_a_duration_is_said_in_two_units_at_most(seconds: float, said: str) -> None:
    assert duration(seconds).replace("\u00a0", " ") == said


@pytest.mark.parametrize(("seconds", "said"), [(1, "just now"), (40, "40 s"), (4000, "1 h"), (9e6, "104 d")])
def test_an_age_is_said_in_one_unit(seconds: float, said: str) -> None:
    assert age(seconds).replace("\u00a0", " ") == said
