"""The JSON parser: takes what every reader understands alike, and refuses the rest with words."""

import io
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_django import Settings
from rest_framework.exceptions import APIException

from heimdall_project.api.parsers import MAX_DEPTH, StrictJSONParser, loads
from heimdall_project.errors import Refused

clean_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | clean_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(clean_text, inner, max_size=4),
    max_leaves=20,
)


@given(json_values, st.booleans())
def test_every_clean_value_comes_back_as_it_was(value: Any, ascii_only: bool) -> None:
    assert loads(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\\ud0e1N- ', max_size=60).map(str.encode))
@example(b"\xff\xfe{}")
@example(b"\xef\xbb\xbf{}")
@example(b'{"a":' * 100_000)
@example(b"[" * 100_000)
@example(b"9" * 5000)
@example(b'"\\ud800"')
@example(b"-Infinity")
def test_any_bytes_are_a_value_or_a_refusal_that_says_why(raw: bytes) -> None:
    try:
        value = loads(raw)
    except Refused as refused:
        assert refused.status == 400 and refused.detail
    else:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")


@pytest.mark.parametrize(
    ("raw", "path", "message"),
    [
        (b'{"a": {"b": 1, "b": 2}}', "b", "This key stands twice."),
        (b'{"items": [{"name": "x\\u0000y"}]}', "items[0].name", "It holds a NUL character."),
        (b'["\\ud83d"]', "$[0]", "It holds half of a surrogate pair."),
        (b'{"a\\u0000": 1}', "a\\u0000", "It holds a NUL character."),
    ],
)
def test_the_place_of_what_is_wrong_is_named(raw: bytes, path: str, message: str) -> None:
    with pytest.raises(Refused) as refused:
        loads(raw)
    assert refused.value.errors == {path: message}


@pytest.mark.parametrize("raw", [b"NaN", b"[Infinity]", b"[-Infinity]", b"[1e999]", b"[-1e999]"])
def test_numbers_that_json_does_not_have_are_refused(raw: bytes) -> None:
    with pytest.raises(Refused, match="number"):
        loads(raw)


def test_nesting_is_taken_up_to_the_bound_and_refused_beyond() -> None:
    assert loads(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(Refused, match="nested deeper"):
        loads(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    assert loads(b'{"pattern": "\\\\u0000"}') == {"pattern": "\\u0000"}


def test_an_emoji_as_a_pair_of_escapes_is_text() -> None:
    assert loads(b'"\\ud83d\\ude00"') == "😀"


def test_a_body_beyond_the_bound_is_not_read_to_its_end(settings: Settings) -> None:
    settings.API_MAX_BODY_BYTES = 10
    stream = io.BytesIO(b'"' + b"x" * 100 + b'"')

    with pytest.raises(APIException) as error:
        StrictJSONParser().parse(stream)
    assert error.value.status_code == 413
    assert stream.tell() == 11
