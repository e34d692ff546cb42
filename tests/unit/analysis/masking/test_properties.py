"""Masking any text: lines stay, a second time changes nothing, planted values are gone, time is linear."""

import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis.masking import mask

from .examples import HIDDEN, PLAIN

pieces = st.sampled_from([line for _, line, _ in HIDDEN] + list(PLAIN))
glue = st.sampled_from(["", " ", "\n", '"', "\\n", ", ", "=", ":", "%20", "\x1b[0m", "<", ">", "\u200f"])
texts = st.lists(pieces | glue | st.text(max_size=20), max_size=12).map("".join)
words = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=6, max_size=30).filter(
    lambda word: any(letter.isdigit() for letter in word) and any(letter.isalpha() for letter in word)
)


@settings(deadline=None)
@given(texts)
def test_lines_keep_their_numbers(text: str) -> None:
    assert mask(text).text.count("\n") == text.count("\n")


@example('Authorization: Digest username="demo", response="6629fae49393a053" ')
@settings(deadline=None)
@given(texts)
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask(text).text
    assert mask(once).text == once


@settings(deadline=None)
@given(st.sampled_from(HIDDEN), st.lists(st.sampled_from(PLAIN), max_size=4), st.integers(0, 4))
def test_a_planted_value_is_gone_wherever_it_stands(
    hidden: tuple[str, str, str], around: list[str], place: int
) -> None:
    _, line, left = hidden
    lines = mask("\n".join([*around[:place], line, *around[place:]])).text.split("\n")
    assert left not in lines[len(around[:place])]


@settings(deadline=None)
@given(
    words,
    st.sampled_from(
        [
            "password={}",
            'x "secret": "{}"',
            r"{{\"api_key\":\"{}\"}}",
            "--password {} -v",
            "<pwd>{}</pwd>",
            "pg://u:{}@h/d",
            "Cookie: sid={}",
            "Authorization: Bearer {}00",
            "?access_token={}&x=1",
        ]
    ),
)
def test_whatever_a_name_calls_secret_is_gone(word: str, form: str) -> None:
    assert word not in mask(form.format("Q7" + word)).text


HOSTILE = (
    "a",
    "1",
    "@",
    "a@",
    "a.b@",
    "4 ",
    "+1",
    "0",
    "010-",
    "eyJ",
    "eyJ.",
    "eyJa.b",
    "-----BEGIN PRIVATE KEY-----",
    "password=",
    'password="',
    'password=\\"',
    "token=(",
    "token='(",
    "token=[",
    "auth={",
    "cookie:",
    "cookie,'",
    "authorization:",
    "authorization: bearer ",
    "bearer ",
    "://a:",
    "://a:b@",
    "https://",
    "%3A%2F%2F",
    "sk-1",
    "xoxb-a",
    "aaa1Q~",
    "GB82 ",
    "900101-1",
    "\\",
    "<password>",
    "<email#1>",
    "<email#",
    "\x1b[0m",
    "%",
    "İ",
    "--password ",
    "curl -u a:b",
    "a:b@tcp(",
    "\x00",
    "\u200f",
    "password=a,",
    "0sk-",
    "secretsid=+",
    "sshpass -pcookie",
    "ghp_",
)


@pytest.mark.parametrize("unit", HOSTILE, ids=lambda unit: unit.encode("unicode_escape").decode())
def test_a_monstrous_line_is_masked_and_stays_masked(unit: str) -> None:
    text = unit * (49_152 // len(unit))
    once = mask(text).text
    assert once.count("\n") == 0
    assert mask(once).text == once


@pytest.mark.parametrize(
    "unit", ["a", "eyJ", "://a:", "authorization:", "token='(", "cookie,'", "İ", "GB82 "]
)
def test_twice_the_text_is_about_twice_the_work(unit: str) -> None:
    """Steps of the interpreter, not seconds: a quadratic scan would take four times as many."""
    assert steps(unit * 8_000) < 2.6 * steps(unit * 4_000) + 2_000


def steps(text: str) -> int:
    """How many lines of Python masking a text runs."""
    count = 0

    def trace(*_: object) -> object:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        mask(text)
    finally:
        sys.settrace(before)
    return count
