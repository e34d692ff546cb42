"""Events as HTTP takes them: strict, every error with its path, and only what all readers read alike."""

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.intake import checked

EVENT: dict[str, Any] = {
    "content_id": "c",
    "user_id": "u",
    "event_type": "view",
    "occurred_at": "2026-11-21T09:15:02Z",
}


def paths(raw: bytes) -> set[str]:
    told = checked([raw], most=5_000)
    return {path for path, _ in told.errors.get(0, [])}


def spelled(**members: Any) -> bytes:
    return json.dumps(EVENT | members, ensure_ascii=False).encode()


def test_an_event_that_fits_keeps_its_id_or_gets_that_of_its_bytes() -> None:
    named, nameless = spelled(event_id="e-1"), spelled()
    told = checked([named, nameless], most=5_000)
    assert told.ids == ["e-1", sha256(nameless).hexdigest()]
    assert told.errors == {} and None not in told.events


def test_every_error_has_its_path() -> None:
    raw = spelled(content_id="", event_type="buy", dwell_ms=-1, props={"a": []}, extra=1)
    assert paths(raw) == {"content_id", "event_type", "dwell_ms", "props.a", "extra"}


def test_one_wrong_event_does_not_touch_the_others() -> None:
    told = checked([spelled(), spelled(user_id=7, event_id="e-2"), spelled(event_id="e-3")], most=5_000)
    assert list(told.errors) == [1] and told.ids[1:] == ["e-2", "e-3"]
    assert [event is not None for event in told.events] == [True, False, True]


@pytest.mark.parametrize(
    "raw",
    [
        spelled(event_id="e").replace(b"{", b'{"event_id": "d", ', 1),
        spelled().replace(b"{", b'{"user_id" :"v",', 1),
        spelled(props={"a": "1"}).replace(b'{"a"', b'{"a": 2, "a"'),
        spelled(dwell_ms=1, event_type="dwell").replace(b"{", b'{"dwell_ms": 2,', 1),
        spelled(user_id="x:y,{}").replace(b"{", b'{"user_id":"v",', 1),
    ],
)
def test_a_member_that_stands_twice_is_refused(raw: bytes) -> None:
    told = checked([raw], most=5_000)
    assert told.events == [None] and "twice" in told.errors[0][0][1]


@pytest.mark.parametrize("value", ["1", "\\n", "x" * 90])  # looked at by counting, by escapes, by length
def test_a_member_that_stands_twice_is_named_with_its_place(value: str) -> None:
    within = b'{"props":{"user_id":"%s","user_id":2},' % (value.encode() * 30) + spelled()[1:]
    assert paths(within) == {"props.user_id"}
    assert paths(b'{"user_id":"%s",' % value.encode() + spelled(props={"user_id": 1})[1:]) == {"user_id"}


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"{,", "It is not JSON: "),
        (spelled(props={"a": 7})[:-3] + b"1e400}}", "Number out of range."),
        (spelled(user_id=7), "It must "),
    ],
)
def test_what_is_wrong_is_told_in_sentences(raw: bytes, told: str) -> None:
    [(_, message)] = checked([raw], most=5_000).errors[0]
    assert message.startswith(told) and message.endswith(".") and not message.endswith("..")


@pytest.mark.parametrize("escaped", [r"\u0041", r"\\", r"\"", r"\/", "é", "한국어", r"\ud83d\ude00"])
def test_escapes_and_other_scripts_are_no_reason_to_refuse(escaped: str) -> None:
    assert paths(spelled(user_id="@@").replace(b"@@", escaped.encode())) == set()


@pytest.mark.parametrize("bad", [r"\u0000", r"\ud800", r"\udc00x"])
def test_what_cannot_be_stored_is_refused_with_its_path(bad: str) -> None:
    assert paths(spelled(user_id="@@").replace(b"@@", bad.encode())) <= {"user_id", "$"} != set()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"{}{}",
        b'{"content_id": NaN}',
        b"[" * 3000,
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b'{"user_id":"\xff"}',
        b"\xef\xbb\xbf{}",
        b"9" * 4000,
    ],
    ids=lambda raw: repr(raw[:12]),
)
def test_nonsense_is_refused_and_never_raises(raw: bytes) -> None:
    assert paths(raw)


def test_an_event_beyond_the_bound_is_not_looked_at() -> None:
    assert paths(spelled() + b" " * 5_000) == {"$"}


texts = st.text(max_size=20)
scalars = st.one_of(texts, st.integers(-5, 5), st.booleans(), st.none(), st.floats(-1, 1))


@given(
    members=st.fixed_dictionaries(
        {"user_id": texts},
        optional={
            "event_id": texts | st.none(),
            "props": st.dictionaries(texts, scalars, max_size=4) | st.none(),
        },
    ),
    ascii_only=st.booleans(),
    blanks=st.booleans(),
)
def test_counting_quotes_never_refuses_what_fits(
    members: dict[str, Any], ascii_only: bool, blanks: bool
) -> None:
    raw = json.dumps(
        EVENT | members, ensure_ascii=ascii_only, separators=None if blanks else (",", ":")
    ).encode("utf-8", "replace")
    told = checked([raw], most=5_000)
    assert told.errors == {} or b"\\u0000" in raw or b"\\ud" in raw
