"""The key and the hash of a body."""

import json
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from heimdall_project.api.idempotency import body_hash, key_of
from heimdall_project.errors import Refused

factory = RequestFactory()


@pytest.mark.parametrize(
    ("raw", "key"),
    [("abc", "abc"), (' "abc" ', "abc"), ('"', '"'), ("a" * 200, "a" * 200), ("a:b/c", "a:b/c")],
)
def test_a_key_is_taken_with_or_without_quotes(raw: str, key: str) -> None:
    assert key_of(factory.post("/", headers={"idempotency-key": raw})) == key


def test_without_the_header_there_is_no_key() -> None:
    assert key_of(factory.post("/")) is None


@pytest.mark.parametrize("raw", ["", "  ", '""', "a b", "a" * 201, "é", "a\0b"])
def test_a_key_that_does_not_fit_is_refused(raw: str) -> None:
    with pytest.raises(Refused, match="printable ASCII"):
        key_of(factory.post("/", headers={"idempotency-key": raw}))


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), st.integers(-(2**63), 2**63) | st.booleans()
    )
)
def test_order_and_blanks_do_not_change_the_hash(body: dict[str, Any]) -> None:
    again = json.loads(json.dumps(dict(reversed(list(body.items()))), indent=3))
    assert body_hash(again) == body_hash(body)


@pytest.mark.parametrize(
    ("one", "other"), [({"a": 1}, {"a": "1"}), ({"a": 1}, {"a": 1, "b": None}), ([1, 2], [2, 1])]
)
def test_another_body_has_another_hash(one: Any, other: Any) -> None:
    assert body_hash(one) != body_hash(other)
