"""Many decoded together are what each would be alone."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heimdall_project.errors import InvalidMessage
from heimdall_project.events import codec
from heimdall_project.events.page_views import PageView
from heimdall_project.events.wide_events import WideEvent

GOOD = {"content_id": "c", "user_id": "u", "event_type": "view", "occurred_at": "2026-01-01T00:00:00Z"}


def payload(**changes):
    return msgspec.json.encode(GOOD | changes)


PAYLOADS = [
    payload(),
    payload(event_id="1", props={"a": "b"}),
    payload(event_type="dwell", dwell_ms="12"),
    payload(event_id=None),
    payload(user_id="a\\b"),
    payload(user_id="a\0b"),
    payload(props={"a": "x" * 5000}),
    payload(event_type="buy"),
    payload(occurred_at="1800-01-01T00:00:00Z"),
    payload() + payload(),
    payload()[:-1],
    b"[" * 100_000,
    b'{"content_id":"\xff"}',
    b"",
    None,
]


def alone(value):
    try:
        return codec.decode(PageView, value)
    except InvalidMessage as error:
        return error


def told(found):
    return (type(found), str(found)) if isinstance(found, InvalidMessage) else found


@given(st.lists(st.sampled_from(PAYLOADS), max_size=8))
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_decoding_together_says_of_each_what_decoding_alone_says(values):
    together = codec.decode_many(PageView, values)
    assert [told(each) for each in together] == [told(alone(value)) for value in values]


def test_texts_too_deep_to_look_through_are_refused_alone_as_together():
    deep = b"[" * 900 + b'"\\u0000"' + b"]" * 900
    value = (
        b'{"event_id":"e","request_id":"r","occurred_at":"2026-01-01T00:00:00Z","service":"s",'
        b'"environment":"e","attributes":{"a":' + deep + b"}}"
    )
    [found] = codec.decode_many(WideEvent, [value])
    assert isinstance(found, InvalidMessage)
    with pytest.raises(InvalidMessage):
        codec.decode(WideEvent, value)


def test_a_type_of_events_without_rules_of_ours_is_decoded_together_too():
    found = codec.decode_many(dict[str, int], [b'{"a":1}', b"{}{}", b'{"a":"x"}'])
    assert found[0] == {"a": 1}
    assert all(isinstance(each, InvalidMessage) for each in found[1:])
