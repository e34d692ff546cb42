"""How much of a log travels."""

import json

from hypothesis import given
from hypothesis import strategies as st

from jobs.content import cut, encoded_size, without_nul


def test_a_short_log_travels_whole() -> None:
    assert cut("ERROR: no\n", 1000) == "ERROR: no\n"


def test_a_long_log_is_cut_at_the_end_of_a_line_and_marked() -> None:
    kept, mark = cut("0123456789\n" * 1000, 500).rsplit("\n", 1)
    assert set(kept.split("\n")) == {"0123456789"}
    assert mark == "[cut here: the log has 12002 bytes, the event carries at most 500]"


@given(st.text(max_size=3000), st.integers(200, 4000))
def test_the_bound_holds_for_every_text_as_json(text: str, limit: int) -> None:
    assert encoded_size(cut(text, limit)) <= limit


def test_control_characters_count_six_bytes_each() -> None:
    assert encoded_size(cut("\x01" * 100_000, 10_000)) <= 10_000


def test_the_size_is_that_of_the_json_on_the_wire() -> None:
    assert encoded_size("한\n") == len(json.dumps("한\n", ensure_ascii=False).encode())


def test_nul_is_taken_out_wherever_it_hides() -> None:
    assert without_nul({"a\0": ["b\0c", {"d": "\0"}], "e": 1.5}) == {"a": ["bc", {"d": ""}], "e": 1.5}
