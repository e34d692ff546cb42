"""What a dead letter carries, whatever the record was."""

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heimdall_project.errors import ContractViolation, InvalidMessage, RetriesExhausted
from heimdall_project.streams import redrive
from heimdall_project.streams.dead_letters import Failure, as_dict, build, scrubbed, stack_hash
from heimdall_project.streams.records import Record
from heimdall_project.streams.topics import DEAD_LETTER_MARGIN

TOPIC, GROUP = "events.page_view.v1", "heimdall.writer"
THOROUGH = settings(max_examples=200, deadline=None, derandomize=True, database=None)
OURS = [
    "original_topic", "original_partition", "original_offset", "original_timestamp", "original_group",
    "worker", "worker_version", "error_class", "error_message", "stack_hash", "disposition", "attempts",
    "first_failed_at", "payload_sha256", "redrive_id", "redrive_count",
]  # fmt: skip
NAMES = st.sampled_from([*OURS, "original_key", *redrive.MARKS, "event_id", "schema", "traceparent", "x"])
HEADERS = st.none() | st.lists(st.tuples(NAMES, st.none() | st.binary(max_size=30)), max_size=12)


def letter(value=b"v", *, key=b"k", headers=None, error=None, attempts=1):
    record = Record(TOPIC, 2, 40, 1_700_000_000_000, key, value, headers)
    failure = Failure(record, error or InvalidMessage("not JSON"), attempts, 1_700_000_000.0)
    return build(failure, worker="writer", group=GROUP)


def size(headers):
    return sum(len(name) + len(value or b"") for name, value in headers or ())


def marked(**more):
    signed: dict[str, Any] = {
        "topic": TOPIC,
        "key": b"k",
        "value": b"v",
        "redrive_id": "r1",
        "group": GROUP,
        "count": 3,
    }
    return redrive.marks(**(signed | more))


@given(st.none() | st.binary(), st.none() | st.binary(max_size=9000), HEADERS, st.text(max_size=3000))
@THOROUGH
def test_the_bytes_stay_and_our_headers_stand_once_whatever_came(value, key, headers, text):
    made = letter(value, key=key, headers=headers, error=RuntimeError(text))
    names = [name for name, _ in made.headers]
    theirs = [(n, v) for n, v in headers or () if n in ("event_id", "schema", "traceparent", "x")]
    assert (made.topic, made.key, made.value) == ("events.page_view.v1.dlt", key, value)
    assert all(names.count(name) == 1 for name in OURS) and names.count("original_key") <= 1
    assert made.headers[: len(theirs)] == theirs
    assert not {"redrive_for", "redrive_mac"} & set(names)
    assert size(made.headers) - size(headers) <= DEAD_LETTER_MARGIN


def test_it_says_where_the_record_stood_and_what_was_wrong_with_it():
    said = as_dict(letter(b"broken", error=ContractViolation("field n: too large"), attempts=1).headers)
    assert {name: said[name] for name in OURS[:5]} == {
        "original_topic": TOPIC,
        "original_partition": "2",
        "original_offset": "40",
        "original_timestamp": "1700000000000",
        "original_group": GROUP,
    }
    assert (said["error_class"], said["error_message"]) == ("ContractViolation", "field n: too large")
    assert said["first_failed_at"] == "2023-11-14T22:13:20+00:00"
    assert said["payload_sha256"] == sha256(b"broken").hexdigest()


@pytest.mark.parametrize(
    ("error", "disposition"),
    [
        (InvalidMessage("x"), "poison"),
        (ContractViolation("x"), "contract"),
        (RetriesExhausted("x"), "retries_exhausted"),
        (KeyError("x"), "unexpected"),
    ],
)
def test_the_disposition_follows_from_the_error(error, disposition):
    assert as_dict(letter(error=error).headers)["disposition"] == disposition


def test_a_redriven_record_keeps_the_count_and_the_time_of_its_first_failure():
    first = [("first_failed_at", b"2023-11-01T00:00:00+00:00")]
    said = as_dict(letter(headers=[*first, *marked()]).headers)
    assert (said["redrive_id"], said["redrive_count"]) == ("r1", "3")
    assert said["first_failed_at"] == "2023-11-01T00:00:00+00:00"


def test_what_a_stranger_says_about_redrives_and_first_failures_is_not_believed():
    forged = [("redrive_id", b"r9"), ("redrive_count", b"9"), ("first_failed_at", b"1999-01-01T00:00:00Z")]
    said = as_dict(letter(headers=forged).headers)
    assert (said["redrive_id"], said["redrive_count"]) == ("", "0")
    assert said["first_failed_at"].startswith("2023-11-14")


def test_a_first_failure_that_is_no_time_is_replaced():
    said = as_dict(letter(headers=[("first_failed_at", b"x" * 100_000), *marked()]).headers)
    assert said["first_failed_at"].startswith("2023-11-14")


@pytest.mark.parametrize("key", [None, b"k" * 5000])
def test_a_key_that_cannot_be_shown_is_not_shown_even_if_a_stranger_says_one(key):
    assert "original_key" not in as_dict(letter(key=key, headers=[("original_key", b"forged")]).headers)


def test_a_key_that_is_no_text_is_shown_escaped():
    assert as_dict(letter(key=b"\xffk").headers)["original_key"] == "\\xffk"


@pytest.mark.parametrize(
    "text",
    [
        "connect postgres://me:hunter2@db/x failed",
        "redis://:hunter2@cache:6379",
        "password=hunter2 host=db",
        "sasl.password: hunter2",
        "Authorization: Bearer hunter2hunter2",
        "postgres://me:" + "hunter2" * 600 + "@db then postgres://me:hunter2@db",
    ],
)
def test_credentials_in_an_error_are_not_written_down(text):
    assert "hunter2" not in scrubbed(RuntimeError(text))


JWT = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkFkYSJ9"
    ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
)


@pytest.mark.parametrize("secret", ["ada@example.com", "4111 1111 1111 1111", JWT, "AKIAIOSFODNN7EXAMPLE"])
@pytest.mark.parametrize("before", [0, 485, 495])
def test_what_a_record_holds_of_secrets_is_not_quoted_not_even_in_part(secret, before):
    said = scrubbed(ValueError("x " * (before // 2) + f"no use for {secret} here"))
    assert secret[:5] not in said and len(said) <= 500


def test_a_message_is_one_bounded_line():
    said = scrubbed(RuntimeError("a\nb\x00\tc" + "x" * 10_000))
    assert said.startswith("a b c") and len(said) == 500


def test_an_error_without_words_is_named():
    assert scrubbed(KeyError()) == "KeyError"


def test_an_error_with_text_that_is_no_unicode_is_written_down_all_the_same():
    said = as_dict(letter(error=RuntimeError("lone \ud800 surrogate")).headers)
    assert said["error_message"] == "lone \\ud800 surrogate"


@pytest.mark.timeout(30)
@pytest.mark.parametrize("text", ["a", "a://", "password=", "://a:", "bearer "])
def test_a_megabyte_of_hostile_text_comes_to_an_end(text):
    assert len(scrubbed(RuntimeError(text * (1_000_000 // len(text))))) <= 500


def raised(fail):
    try:
        fail()
    except ValueError as error:
        return error


def test_the_stack_hash_survives_moved_lines_and_tells_places_apart():
    def one():
        def fail():
            raise ValueError("x")

        return fail

    def other():
        """The same function, some lines below."""

        def fail():
            raise ValueError("y")

        return fail

    assert stack_hash(raised(one())) == stack_hash(raised(other()))
    assert stack_hash(raised(one())) != stack_hash(raised(lambda: int("x")))
