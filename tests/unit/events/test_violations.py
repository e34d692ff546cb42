"""Every violation of a payload is told, none holds a value, and schema and decoder agree."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heimdall_project.errors import InvalidMessage
from heimdall_project.events import codec, violations
from heimdall_project.events.catalog import CatalogChanged
from heimdall_project.events.page_views import PageView
from heimdall_project.events.violations import Violation
from heimdall_project.events.wide_events import WideEvent

from .test_page_views import VIEW


def told(payload: bytes, *, strict: bool = True, kind: type[msgspec.Struct] = PageView) -> dict[str, str]:
    return dict(violations.violations(kind, payload, strict=strict))


def test_every_path_is_told_at_once() -> None:
    wrong = {
        "content_id": "",
        "user_id": 5,
        "event_type": "share",
        "occurred_at": "yesterday",
        "dwell_ms": -1,
        "event_id": "x" * 65,
        "props": {"a": [1], "b c": {}, "d": "\0", "e\0": 1, "n": 2**70},
        "session": 1,
    }
    assert told(json.dumps(wrong).encode()) == {
        "$.content_id": "must be a text of 1 to 128 characters",
        "$.user_id": "must be a text of at most 128 characters",
        "$.event_type": "must be one of dwell, like, view",
        "$.occurred_at": "must be a time as in RFC 3339, from 1900 to 2299",
        "$.dwell_ms": "must be a whole number from 0 to 86400000 or null",
        "$.event_id": "must be a text of at most 64 characters or null",
        "$.props": "names of members must hold no NUL character",
        "$.props.a": "must be a text or a number or true or false or null",
        '$.props["b c"]': "must be a text or a number or true or false or null",
        "$.props.d": "must hold no NUL character",
        "$.props.n": "must fit 64 bits if it is a whole number",
        "$.session": "is not known here",
    }


def test_rules_about_several_members_are_told_beside_others() -> None:
    payload = json.dumps(VIEW | {"dwell_ms": 5, "user_id": None}).encode()
    assert told(payload) == {
        "$.dwell_ms": "is only for events of type dwell",
        "$.user_id": "must be a text of at most 128 characters",
    }


@pytest.mark.parametrize(
    ("payload", "rules"),
    [
        (b"{}", dict.fromkeys(["$.content_id", "$.event_type", "$.occurred_at", "$.user_id"], "is required")),
        (b"[]", {"$": "must be an object"}),
        (b'"secret"', {"$": "must be an object"}),
        (b"{", {"$": "not JSON: DecodeError: Input data was truncated"}),
    ],
)
def test_what_is_no_object_is_told_of_the_whole(payload: bytes, rules: dict[str, str]) -> None:
    assert told(payload) == rules


def test_what_only_the_decoder_refuses_is_told_in_its_words() -> None:
    payload = json.dumps(VIEW | {"event_type": "dwell", "dwell_ms": 1.0}).encode()
    assert told(payload) == {"$.dwell_ms": "Expected `int | null`, got `float`"}
    assert told(payload, strict=False) == {}


def test_topics_are_told_nothing_of_what_they_take_as_it_is_meant() -> None:
    lax = VIEW | {"event_type": "dwell", "dwell_ms": "9", "occurred_at": 1767323045, "more": [], "user_id": 5}
    assert told(json.dumps(lax).encode(), strict=False) == {
        "$.user_id": "must be a text of at most 128 characters"
    }


def test_inner_structs_and_lists_have_paths_too() -> None:
    wide = json.dumps({"error": {"code": ""}, "sampling": {"rate": 0}, "status": "99"}).encode()
    rules = told(wide, kind=WideEvent, strict=False)
    assert rules["$.error.code"] == "must be a text of 1 to 128 characters"
    assert rules["$.sampling.rule"] == "is required"
    assert rules["$.sampling.rate"] == "must be a number above 0, at most 1"
    assert "$.authors[1]" in told(b'{"op":"upsert","authors":["a",5]}', kind=CatalogChanged)


def test_members_whose_names_are_numbers_have_paths_of_members() -> None:
    assert told(json.dumps(VIEW | {"props": {"0": []}, "7": 1}).encode()) == {
        '$.props["0"]': "must be a text or a number or true or false or null",
        '$["7"]': "is not known here",
    }


@pytest.mark.parametrize("depth", [100, 450, 900, 100_000])
def test_depth_is_refused_or_passed_over_and_never_fails(depth: int) -> None:
    deep = b"[" * depth + b'"a\\u0000"' + b"]" * depth
    for payload in (written_with(b"more", deep), written_with(b"attributes", deep)):
        for kind in (PageView, WideEvent):
            told(payload, kind=kind, strict=False)
    assert "$" in told(written_with(b"more", deep)) or "$.more" in told(written_with(b"more", deep))


def written_with(name: bytes, value: bytes) -> bytes:
    return json.dumps(VIEW).encode()[:-1] + b',"' + name + b'":' + value + b"}"


def test_a_payload_larger_than_any_event_is_told_one_violation() -> None:
    many = json.dumps(VIEW | {"props": {f"p{n}": [] for n in range(20_000)}}).encode()
    assert list(told(many)) == ["$.props[...]"]


def test_what_is_told_is_bounded() -> None:
    many = VIEW | {"props": {f"p{n}": [] for n in range(1000)}}
    assert len(told(json.dumps(many).encode())) <= violations.MOST
    assert max(map(len, told(json.dumps(VIEW | {"x" * 9_999: 1}).encode()))) < 100


steadily = settings(max_examples=200, deadline=None, derandomize=True, database=None)
texts = st.text(st.characters(codec="utf-8"), max_size=5) | st.sampled_from(
    ["\0", "a\0b", "\\u0000", "x" * 65, "x" * 129]
)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
moments = st.sampled_from(
    [
        "2026-01-02T03:04:05Z",
        "2026-01-02 03:04:05.5",
        "2026-01-02T03:04:05+09:00",
        "1899-12-31T23:59:59Z",
        "2300-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-12:00",
        "2026-02-29T00:00:00Z",
        "2026-01-02",
    ]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
right = {
    "content_id": texts,
    "user_id": texts,
    "event_type": st.sampled_from(["view", "like", "dwell", "share"]),
    "occurred_at": moments,
    "event_id": st.none() | texts,
    "dwell_ms": st.none() | st.sampled_from([-1, 0, 5, 86_400_000, 86_400_001, "5", "x"]),
    "props": st.none() | st.dictionaries(texts, scalars, max_size=3) | st.just({"x": "y" * 4090}),
}
payloads = st.fixed_dictionaries(
    {},
    optional={name: kind | anything if name != "user_id" else kind for name, kind in right.items()}
    | {"more": anything},
)


def is_taken(payload: bytes, *, strict: bool) -> bool:
    try:
        (codec.decode_strict if strict else codec.decode)(PageView, payload)
    except InvalidMessage:
        return False
    return True


@steadily
@given(payloads, payloads, st.booleans())
@example({"dwell_ms": 1.0}, {}, True)
def test_schema_and_decoder_agree(change: dict[str, Any], more: dict[str, Any], strict: bool) -> None:
    event = VIEW | change | more
    payload = json.dumps(event).encode()
    taken = is_taken(payload, strict=strict)
    assert (violations.violations(PageView, payload, strict=strict) == []) is taken
    if not isinstance(event.get("dwell_ms"), float):  # JSON Schema: 1.0 is a whole number
        assert (violations.found(PageView, payload, strict=strict) == []) is taken


@steadily
@given(payloads)
def test_no_value_is_told(change: dict[str, Any]) -> None:
    for each in violations.violations(PageView, json.dumps(VIEW | change).encode(), strict=True):
        assert "x" * 20 not in each.rule
        assert isinstance(each, Violation) and len(each.rule) < 300
