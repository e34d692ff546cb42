"""Records to drafts, and bytes to lines."""

import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.importing import Draft, Limits, Tally, entries, open_text, read_lines, records
from jobs.importing.entries import time_of, worst_level
from jobs.importing.lines import LONGEST_LINE


def drafts(raw: bytes, encoding: str = "utf-8", **limits: int) -> tuple[list[Draft], Tally]:
    tally = Tally()
    text = open_text(io.BytesIO(raw), encoding, tally.count_bad)
    return list(entries(records(read_lines(text)), Limits(**limits), tally)), tally


def log(*levels: str) -> bytes:
    return "".join(f"2026-11-21 09:14:5{i},101 {level} no\n" for i, level in enumerate(levels)).encode()


def contents(found: Iterable[Draft]) -> list[str]:
    return [draft.content for draft in found]


def test_an_entry_has_the_worst_level_and_the_first_time() -> None:
    [draft], _ = drafts(log("INFO", "WARN", "ERROR", "DEBUG"))
    assert draft.level == "ERROR"
    assert draft.logged_at == datetime(2026, 11, 21, 9, 14, 50, 101_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "level"),
    [
        ("2026-11-21 09:14:57,101 SEVERE no", "CRITICAL"),
        ('ts=2026-11-21T09:14:57Z level=warn msg="no"', "WARNING"),
        ('{"time":"2026-11-21T09:14:57Z", "level": "error"}', "ERROR"),
        ("2026/11/21 09:14:57 [crit] 21#21: no", "CRITICAL"),
        ("E1121 09:14:57.101 1 main.go:1] no", "ERROR"),
        ("Nov 21 09:14:57 host sshd[1]: an error", ""),
    ],
)
def test_a_level_is_found_as_common_formats_write_it(header: str, level: str) -> None:
    [draft], _ = drafts(header.encode())
    assert draft.level == level


def test_entries_are_closed_by_lines_without_splitting_a_record() -> None:
    trace = b"2026-11-21 09:14:57 ERROR no\n\tat a\n\tat b\n"
    found, tally = drafts(trace * 4, lines=5)
    assert [draft.content.count("\n") for draft in found] == [2, 2, 2, 2]
    assert (tally.lines, tally.records, tally.entries) == (12, 4, 4)


def test_entries_are_closed_by_bytes() -> None:
    found, _ = drafts(log("INFO", "INFO", "INFO"), size=70)
    assert [draft.content.count("\n") for draft in found] == [1, 0]


def test_a_record_beyond_the_bound_is_an_entry_of_its_own() -> None:
    found, _ = drafts(b"one\n" + b"2" * 300 + b"\nthree\n", size=100)
    assert [len(draft.content) for draft in found] == [3, 300, 5]


def test_bad_bytes_are_replaced_and_counted() -> None:
    [draft], tally = drafts(b"caf\xe9 \xff\xfe\n")
    assert draft.content == "caf\ufffd \ufffd\ufffd"
    assert tally.bad_bytes == 3


def test_nul_is_taken_out_and_counted() -> None:
    [draft], tally = drafts(b"a\0b\0\n")
    assert (draft.content, tally.nuls) == ("ab", 2)


def test_other_encodings_and_their_marks_are_read() -> None:
    assert contents(drafts("\ufeff연결 거부\n".encode("utf-16"), "utf-16")[0]) == ["연결 거부"]
    assert contents(drafts("\ufeff연결 거부\n".encode())[0]) == ["연결 거부"]


def test_windows_line_ends_and_a_missing_last_one_are_read() -> None:
    assert contents(drafts(b"one\r\ntwo")[0]) == ["one\ntwo"]


def test_a_file_without_line_ends_comes_in_pieces() -> None:
    found, _ = drafts(b"x" * (3 * LONGEST_LINE))
    assert max(len(draft.content) for draft in found) <= LONGEST_LINE
    assert sum(len(draft.content) for draft in found) == 3 * LONGEST_LINE


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"   \n", b"\0\n"])
def test_an_empty_file_makes_no_entry(raw: bytes) -> None:
    assert drafts(raw)[0] == []


@given(st.lists(st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"])), max_size=40))
def test_every_line_with_text_arrives_once_and_in_order(lines: list[str]) -> None:
    found, _ = drafts("\n".join(lines).removeprefix("\ufeff").encode(), lines=3)
    arrived = "\n".join(contents(found)).split("\n")
    expected = "\n".join(lines).removeprefix("\ufeff").split("\n")
    assert [line for line in arrived if line.strip()] == [line for line in expected if line.strip()]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("081109 203615 148 INFO x", datetime(2008, 11, 9, 20, 36, 15, tzinfo=UTC)),
        ("17/06/09 20:10:40 INFO x", datetime(2017, 6, 9, 20, 10, 40, tzinfo=UTC)),
        ("app.2017-05-16_13:53:08 2017-05-16 00:00:00.008 x", datetime(2017, 5, 16, 0, 0, 0, 8000, UTC)),
        (
            "2026-11-21T09:14:57+09:00 x",
            datetime(2026, 11, 21, 9, 14, 57, tzinfo=timezone(timedelta(hours=9))),
        ),
        ("2026-13-41 09:14:57 x", None),
        ("Dec 10 06:55:46 LabSZ", None),
    ],
)
def test_a_time_is_read_only_if_it_names_a_year(header: str, expected: datetime | None) -> None:
    assert time_of(header) == expected


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("ERROR db: connection refused", "ERROR"),
        ("12:00:01 INFO ready\n12:00:02 WARN slow\n12:00:03 INFO done", "WARNING"),
        ("ts=1 level=critical msg=gone\nts=2 level=error", "CRITICAL"),
        ("nothing of the kind", ""),
        ("", ""),
    ],
)
def test_a_text_that_is_sent_whole_is_as_bad_as_its_worst_line(text: str, level: str) -> None:
    assert worst_level(text) == level
