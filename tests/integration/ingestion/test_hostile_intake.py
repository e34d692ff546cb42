"""Events that nobody would send by mistake: each is refused, names what is wrong, and is never a fault."""

import gzip
import json
from typing import Any

import pytest
from django.test import Client

from .world import BASIC, JSON, LINES, MANY, ONE, held, send, view

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_intake", "people")]
EVENT = json.dumps(view(event_id="e")).encode()


def problem_of(answer: Any, *statuses: int) -> dict[str, Any]:
    assert answer.status_code in statuses, (answer.status_code, answer.content[:300])
    assert answer["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = json.loads(answer.content)
    assert problem["status"] == answer.status_code and problem["request_id"]
    return problem


def with_user(text: bytes) -> bytes:
    """The event with this between the quotes of its user."""
    return EVENT.replace(b'"u-1"', b'"' + text + b'"')


WRONG = {
    "nul": (with_user(b"a\\u0000b"), {"user_id"}),
    "half a pair": (with_user(b"\\ud800"), {"user_id", "$"}),
    "not utf-8": (with_user(b"\xff\xfe"), {"$"}),
    "a key twice": (EVENT.replace(b"{", b'{"user_id": "v", ', 1), {"user_id"}),
    "nan": (EVENT.replace(b'"u-1"', b"NaN"), {"$"}),
    "infinity": (EVENT.replace(b'"u-1"', b"-Infinity"), {"$"}),
    "beyond floats": (EVENT.replace(b'"u-1"', b'"u", "props": {"x": 1e999}'), {"props[...]"}),
    "unknown fields": (EVENT.replace(b"{", b'{"admin": true, "__proto__": {}, ', 1), {"admin", "__proto__"}),
    "wrong types": (EVENT.replace(b'"u-1"', b'["u"]').replace(b'"c-1"', b"7"), {"user_id", "content_id"}),
    "deep props": (EVENT.replace(b'"u-1"', b'"u", "props": {"a": {"b": 1}}'), {"props.a"}),
    "deep": (EVENT.replace(b'"u-1"', b"[" * 50_000 + b"]" * 50_000), {"$", "user_id"}),
    "large props": (EVENT.replace(b'"u-1"', b'"u", "props": {"a": "' + b"x" * 5000 + b'"}'), {"props"}),
    "a long number": (EVENT.replace(b'"u-1"', b"9" * 5000), {"$", "user_id"}),
    "a wide event": (EVENT.replace(b'"c-1"', b" " * 70_000 + b'"c-1"'), {"$"}),
    "two in one": (EVENT + EVENT, {"$"}),
    "a list": (b"[1]", {"$"}),
    "null": (b"null", {"$"}),
    "utf-16": (EVENT.decode().encode("utf-16"), {"$"}),
}


@pytest.mark.parametrize(("raw", "paths"), WRONG.values(), ids=WRONG.keys())
def test_one_such_event_is_400_and_names_where(raw: bytes, paths: set[str]) -> None:
    problem = problem_of(send(raw), 400)
    assert {each["path"] for each in problem["errors"]} & paths
    assert held() == []


@pytest.mark.parametrize(("raw", "paths"), WRONG.values(), ids=WRONG.keys())
def test_among_lines_only_such_an_event_is_refused(raw: bytes, paths: set[str]) -> None:
    answer = send(b"\n".join([EVENT, raw, EVENT]), MANY, kind=LINES).json()
    assert answer["accepted"] == 2 and answer["invalid"]
    wrong = [each for each in answer["items"] if each["status"] == "invalid"]
    assert {error["path"] for each in wrong for error in each["errors"]} & paths
    assert [record.value for record in held()] == [EVENT, EVENT]


BROKEN = {
    "open": b"[" + EVENT,
    "trailing": b"[" + EVENT + b"] []",
    "an object": EVENT,
    "a number": b"7",
    "a byte order mark": b"\xef\xbb\xbf[" + EVENT + b"]",
    "nan beside": b"[" + EVENT + b", NaN]",
    "no events": b"[]",
    "deep": b"[" * 100_000 + b"]" * 100_000,
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN.keys())
def test_a_body_that_is_no_array_is_refused_as_a_whole(raw: bytes) -> None:
    problem = problem_of(send(raw, MANY), 400, 422)
    assert problem.get("errors") or problem["detail"].startswith("The body is") or problem["invalid"] == 1
    assert held() == []


@pytest.mark.parametrize("path", [ONE, MANY])
def test_a_million_keys_are_more_than_a_body_may_hold(path: str) -> None:
    raw = ("{" + ",".join(f'"k{n}":1' for n in range(1_000_000)) + "}").encode()
    problem_of(send(raw, path), 413)


def test_many_keys_in_one_event_are_refused_in_few_words() -> None:
    raw = ("{" + ",".join(f'"k{n}":1' for n in range(5_000)) + "}").encode()
    answer = send(raw)
    assert problem_of(answer, 400)["errors"] and len(answer.content) < 20_000


def test_a_batch_of_nothing_but_nonsense_is_answered_in_bounded_words() -> None:
    answer = send(b"[" + b",".join([b'{"a":1,"b":2,"c":3,"d":4}'] * 5_000) + b"]", MANY)
    problem = problem_of(answer, 422)
    assert problem["invalid"] == 5_000 and len(answer.content) < 1_000_000


@pytest.mark.parametrize("path", [ONE, MANY])
@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/jsonx", "multipart/form-data; boundary=x", "\xff"]
)
def test_another_content_type_is_refused(path: str, kind: str) -> None:
    problem_of(send(EVENT, path, kind=kind), 415)


@pytest.mark.parametrize("charset", ["utf-16", "latin-1"])
def test_another_character_set_is_refused(charset: str) -> None:
    problem_of(send(EVENT, kind=f"{JSON}; charset={charset}"), 415)


PACKED = {
    "not gzip": (EVENT, 400),
    "truncated": (gzip.compress(b"[" + EVENT + b"]")[:-5], 400),
    "trailing": (gzip.compress(EVENT) + b"x", 400),
    "a bomb": (gzip.compress(b"[" + b" " * 300_000_000 + b"]", 9), 413),
}


@pytest.mark.parametrize(("raw", "status"), PACKED.values(), ids=PACKED.keys())
@pytest.mark.parametrize("path", [ONE, MANY])
def test_what_cannot_be_unpacked_is_refused(path: str, raw: bytes, status: int) -> None:
    problem_of(send(raw, path, **{"Content-Encoding": "gzip"}), status)
    assert held() == []


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "\xff"])
def test_an_unknown_encoding_is_refused(encoding: str) -> None:
    problem_of(send(EVENT, **{"Content-Encoding": encoding}), 415)


@pytest.mark.parametrize("path", [ONE, MANY])
def test_a_body_beyond_the_bound_is_refused(path: str) -> None:
    problem_of(send(b" " * 3_000_000, path), 413)


@pytest.mark.parametrize(
    "query", ["durability=disk", "durability=", "wait=1", "durability=kafka&x=1", "a%00b=1"]
)
def test_a_parameter_that_nobody_reads_is_named(query: str) -> None:
    assert problem_of(send(EVENT, f"{ONE}?{query}"), 400)["errors"]
    assert held() == []


@pytest.mark.parametrize(
    "receipt", ["x", ".", "a" * 9_000, "é", "%00", "AAAA.BBBB", "..%2F..", "W3siYSI6MX1d.AAAA", " "]
)
def test_what_is_no_receipt_is_told_so(receipt: str) -> None:
    client = Client(raise_request_exception=False)
    problem_of(client.get(f"/api/v1/ingest/receipts/{receipt}", headers=BASIC), 400, 404)
