"""Input that nobody would call a log."""

import pytest

from analysis.mining import mine, split_header
from analysis.mining import miner as bounds

LONG = 1_000_000


@pytest.mark.parametrize(
    "line",
    [
        "a" * LONG,
        "1" * LONG,
        "1." * (LONG // 2),
        "a:" * (LONG // 2),
        "/a" * (LONG // 2),
        "x=1 " * (LONG // 4),
        "[" * LONG,
        "]" * LONG,
        '"' * LONG,
        "(" * (LONG // 2) + ")" * (LONG // 2),
        "-" * LONG,
        "ab12-" * (LONG // 5),
        "0x" * (LONG // 2),
        "é漢\u0000\x1b[0m" * (LONG // 8),
        "{" * LONG,
        "2024-01-01 10:00:00 " * (LONG // 20),
        "host proc" * (LONG // 9),
    ],
    ids=lambda line: line[:8].encode("unicode_escape").decode(),
)
def test_a_line_of_a_megabyte_is_one_line(line: str) -> None:
    mined = mine([line, "short line"])
    assert sorted(mined.assignments) == [0, 1]
    assert split_header(line).message


@pytest.mark.parametrize("line", ["", " ", "\x00", "\x00\x00 5", "\r", "\ufeff", "\u2028", "\x1b[31m", "￾"])
def test_lines_with_next_to_nothing_are_taken(line: str) -> None:
    mined = mine([line])
    assert mined.assignments == (0,)
    assert mined.templates[0].matches(line)


def test_nul_cannot_pose_as_a_value() -> None:
    mined = mine(["user \x00 left", "user left"])
    assert mined.assignments == (0, 0)


def test_a_literal_wildcard_in_the_text_is_harmless() -> None:
    mined = mine(["drop <*> now", "drop <*> now", "keep 5"])
    assert mined.assignments == (0, 0, 1)


def test_no_lines_give_no_templates() -> None:
    assert mine([]).templates == ()


def test_lines_of_shapes_beyond_the_bound_go_where_they_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "SHAPES", 6)
    names = ["ann", "bob", "cid", "dan", "eve", "fay", "gil", "hal"]
    mined = mine([f"session of {name} was closed" for name in names])
    assert mined.assignments == (0,) * len(names)


def test_shapes_beyond_the_bound_share_one_template(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "SHAPES", 3)
    mined = mine(["one", "two a", "three a b", "four a b c", "five a b c d", "one"])
    assert mined.assignments == (0, 1, 2, 3, 3, 0)
    assert mined.templates[3].text == "<*>"


def test_a_line_is_compared_by_its_bounded_beginning() -> None:
    start = "word " * bounds.LINE_TOKENS
    mined = mine([start + "end", start + "another end"])
    assert mined.assignments == (0, 0)
    assert mined.templates[0].matches(start + "end")
