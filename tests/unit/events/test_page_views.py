"""What a page view is: limits, times, dwell, props, and who it is when it says no id."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from string import ascii_letters
from typing import Any

import msgspec
import pytest

from heimdall_project.errors import ContractViolation, InvalidMessage
from heimdall_project.events import codec
from heimdall_project.events.page_views import PageView, PageViewType, event_identity
from heimdall_project.events.texts import SHORT

VIEW: dict[str, Any] = {
    "content_id": "c1",
    "user_id": "u1",
    "event_type": "view",
    "occurred_at": "2026-01-02T03:04:05.678Z",
}
DWELL = VIEW | {"event_type": "dwell", "dwell_ms": 1500}


def written(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode()


def read(**change: Any) -> PageView:
    event: PageView = codec.decode(PageView, written(VIEW | change))
    return event


def refused(payload: bytes, told: str = ".") -> None:
    """By topics and by HTTP alike."""
    for decode in (codec.decode, codec.decode_strict):
        with pytest.raises(InvalidMessage, match=told):
            decode(PageView, payload)


def test_the_least_that_a_page_view_says() -> None:
    event = read()
    assert (event.event_id, event.dwell_ms, event.props) == (None, None, None)
    assert event.occurred_at == datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)


def test_all_that_a_page_view_says() -> None:
    props = {"ref": "찾기", "pos": 3, "ratio": 0.5, "ab": True, "campaign": None}
    event = codec.decode(PageView, written(DWELL | {"event_id": "e1", "props": props}))
    assert (event.event_type, event.dwell_ms, event.props) == (PageViewType.DWELL, 1500, props)
    assert codec.decode(PageView, codec.encode(event)) == event


@pytest.mark.parametrize(
    "change",
    [
        {"content_id": "x"},
        {"content_id": "가" * 128},
        {"user_id": ""},
        {"user_id": "u" * 128},
        {"event_id": "e" * 64},
        {"event_id": None},
        {"event_type": "dwell", "dwell_ms": 0},
        {"event_type": "dwell", "dwell_ms": 86_400_000},
        {"dwell_ms": None},
        {"props": None},
        {"props": {}},
        {"props": {"n": 2**63 - 1, "m": -(2**63)}},
        {"user_id": "a\\u0000b"},
        {"occurred_at": "1900-01-01T00:00:00Z"},
        {"occurred_at": "2299-12-31T23:59:59.999Z"},
    ],
    ids=str,
)
def test_what_is_just_within_the_limits_is_taken(change: dict[str, Any]) -> None:
    payload = written(VIEW | change)
    assert msgspec.structs.asdict(codec.decode(PageView, payload)) == msgspec.structs.asdict(
        codec.decode_strict(PageView, payload)
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"content_id": ""}, r"\$\.content_id"),
        ({"content_id": "x" * 129}, r"\$\.content_id"),
        ({"content_id": 7}, r"\$\.content_id"),
        ({"content_id": None}, r"\$\.content_id"),
        ({"user_id": "u" * 129}, r"\$\.user_id"),
        ({"event_id": "e" * 65}, r"\$\.event_id"),
        ({"event_type": "VIEW"}, r"\$\.event_type"),
        ({"event_type": "share"}, r"\$\.event_type"),
        ({"event_type": "dwell", "dwell_ms": -1}, r"\$\.dwell_ms"),
        ({"event_type": "dwell", "dwell_ms": 86_400_001}, r"\$\.dwell_ms"),
        ({"event_type": "dwell", "dwell_ms": 10**30}, r"\$\.dwell_ms"),
        ({"event_type": "dwell", "dwell_ms": 1.5}, r"\$\.dwell_ms"),
        ({"event_type": "dwell"}, "`dwell_ms` is required for events of type dwell"),
        ({"dwell_ms": 5}, "`dwell_ms` is only for events of type dwell"),
        ({"event_type": "like", "dwell_ms": 0}, "`dwell_ms` is only for events of type dwell"),
        ({"occurred_at": "yesterday"}, r"\$\.occurred_at"),
        ({"occurred_at": "2026-02-30T00:00:00Z"}, r"\$\.occurred_at"),
        ({"occurred_at": "1899-12-31T23:59:59.999Z"}, "1900 to 2299"),
        ({"occurred_at": "2300-01-01T00:00:00Z"}, "1900 to 2299"),
        ({"occurred_at": "1900-01-01T00:00:00+09:00"}, "1900 to 2299"),
        ({"occurred_at": "9999-12-31T23:59:59-12:00"}, "1900 to 2299"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "1900 to 2299"),
        ({"occurred_at": True}, r"\$\.occurred_at"),
        ({"props": []}, r"\$\.props"),
        ({"props": "{}"}, r"\$\.props"),
        ({"props": {"deep": {}}}, r"\$\.props"),
        ({"props": {"list": [1]}}, r"\$\.props"),
        ({"props": {"n": 2**63}}, r"\$\.props"),
        ({"props": {"n": -(10**40)}}, r"\$\.props"),
        ({"content_id": "a\0"}, r"NUL character - at `\$\.content_id`"),
        ({"user_id": "\0"}, r"NUL character - at `\$\.user_id`"),
        ({"event_id": "\\\0"}, r"NUL character - at `\$\.event_id`"),
        ({"props": {"a": "\0"}}, r"NUL character - at `\$\.props\.a`"),
        ({"props": {"a\0": 1}}, r"names of members must hold no NUL character - at `\$\.props`"),
    ],
    ids=str,
)
def test_what_breaks_a_rule_is_refused_with_its_path(change: dict[str, Any], told: str) -> None:
    refused(written(VIEW | change), told)


@pytest.mark.parametrize("name", ["content_id", "user_id", "event_type", "occurred_at"])
def test_what_is_required_is_named_when_it_is_missing(name: str) -> None:
    refused(written({key: value for key, value in VIEW.items() if key != name}), name)


ONE = written(VIEW)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[" + ONE + b"]",
        ONE + ONE,
        ONE + b"\n" + ONE,
        ONE + b"\0",
        ONE + b",",
        ONE[:-1],
        b"\xef\xbb\xbf" + ONE,
        ONE.replace(b"c1", b"\xff"),
        ONE.replace(b"c1", b"\xed\xa0\x80"),
        ONE.replace(b"c1", b"\\ud800"),
        ONE.replace(b"c1", b"\\udc00\\ud800"),
        ONE.replace(b"c1", b"a\0b"),
        ONE.replace(b'"c1"', b"NaN"),
        b"[" * 100_000,
    ],
    ids=lambda payload: repr(payload[:40]),
)
def test_what_is_not_one_object_of_clean_text_is_refused(payload: bytes) -> None:
    refused(payload)


def test_a_number_that_no_double_holds_is_refused() -> None:
    refused(written(VIEW | {"props": {"n": 1}}).replace(b": 1}", b": 1e400}"), r"\$\.props")


@pytest.mark.parametrize(
    "given",
    ["2026-01-02T03:04:05.678", "2026-01-02 03:04:05.678", "2026-01-02T12:04:05.678+09:00"],
)
def test_a_time_is_kept_in_utc_and_one_without_zone_is_utc(given: str) -> None:
    when = read(occurred_at=given).occurred_at
    assert when == datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
    assert when.tzinfo is UTC


def padded(size: int) -> dict[str, str]:
    """Props that take `size` bytes as compact JSON."""
    return {"x": "y" * (size - len('{"x":""}'))}


def test_props_take_4_kib_as_compact_json() -> None:
    assert read(props=padded(4096)).props
    refused(written(VIEW | {"props": padded(4097)}), r"at most 4096 bytes as JSON - at `\$\.props`")


def test_props_are_measured_as_utf_8_and_not_as_they_were_escaped() -> None:
    props = {"x": "가" * 1300}
    assert len(written(VIEW | {"props": props})) > 7_800
    assert read(props=props).props == props
    refused(written(VIEW | {"props": {"x": "가" * 1400}}))


def test_short_payloads_hold_no_props_that_are_too_large_once_encoded() -> None:
    names = (f"{a}{b}" for a in ("", *ascii_letters) for b in ascii_letters)
    payload, more = written(VIEW)[:-1] + b',"props":{"":1e15', ""
    while len(payload) + len(more := f',"{next(names)}":1e15') + 2 <= SHORT:
        payload += more.encode()
    event = codec.decode(PageView, payload + b"}}")
    assert 2_500 < len(codec.encode(event.props)) <= 4_096


def test_topics_pass_over_unknown_members_and_http_refuses_them() -> None:
    payload = written(VIEW | {"session": "s\0", "page": [1]})
    assert codec.decode(PageView, payload) == read()
    with pytest.raises(ContractViolation, match="unknown field `session`"):
        codec.decode_strict(PageView, payload)


def test_topics_take_numbers_and_times_as_others_write_them_and_http_does_not() -> None:
    for change in ({"dwell_ms": "1500"}, {"occurred_at": 1767323045}):
        payload = written(DWELL | change)
        assert codec.decode(PageView, payload).dwell_ms == 1500
        with pytest.raises(ContractViolation):
            codec.decode_strict(PageView, payload)


def test_texts_of_props_stay_texts() -> None:
    props = {"zip": "01067", "flag": "true", "nothing": "null"}
    assert read(props=props).props == props


def test_the_contract_of_http_is_that_of_topics_but_for_unknown_members() -> None:
    twin = codec.strict_twin(PageView)
    lax, strict = (msgspec.json.schema(kind)["$defs"]["PageView"] for kind in (PageView, twin))
    assert strict.pop("additionalProperties") is False
    assert strict == lax
    assert twin.__post_init__ is PageView.__post_init__  # type: ignore[attr-defined]


def test_an_event_that_http_took_is_a_page_view() -> None:
    assert isinstance(codec.decode_strict(PageView, ONE), PageView)


def test_an_event_is_known_by_its_id() -> None:
    assert event_identity(read(event_id="e1"), b"whatever") == "e1"


@pytest.mark.parametrize("change", [{}, {"event_id": None}, {"event_id": ""}], ids=str)
def test_an_event_without_id_is_known_by_its_bytes(change: dict[str, Any]) -> None:
    payload = written(VIEW | change)
    identity = event_identity(codec.decode(PageView, payload), payload)
    assert identity == sha256(payload).hexdigest()
    assert identity != event_identity(read(), payload + b" ")
