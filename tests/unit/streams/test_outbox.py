"""What can be said about publishing without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heimdall_project.streams import outbox
from heimdall_project.streams.topics import Topic


def test_publishing_outside_of_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        outbox.publish(topic=Topic.ANALYSIS_REQUEST, key="1", event=b"{}", schema="x/1")


@given(st.text(), st.text())
def test_a_lock_fits_what_postgresql_takes_and_depends_on_topic_and_key(topic: str, key: str) -> None:
    assert -(2**63) <= outbox.lock_of(topic, key) < 2**63
    assert outbox.lock_of(topic, key) != outbox.lock_of(topic + "x", key)


def test_the_size_of_a_record_counts_key_value_and_headers_in_bytes() -> None:
    bare = outbox.record_size(b"", b"", {})
    assert outbox.record_size(b"kk", b"vvv", {"n": "ä"}) == bare + 2 + 3 + 1 + 2 + outbox.HEADER_OVERHEAD
