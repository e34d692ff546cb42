"""What is read out of a dead letter, whoever wrote it and whatever it holds."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlq_admin.letters import Facts, KnownTopics, read
from dlq_admin.letters.said import MOST_NUMBER
from dlq_admin.states import Disposition, Writer
from heimdall_project.errors import InvalidMessage
from heimdall_project.streams.dead_letters import Failure, build
from heimdall_project.streams.records import Headers, Record

KNOWN = KnownTopics("prod.", {"orders": "orders.dlt", "log-events": "dlq.failed"})
NOON = 1_795_262_400_000
THOROUGH = settings(max_examples=300, deadline=None, derandomize=True, database=None)


def letter(headers: Headers | None, *, key: bytes | None = b"k", value: bytes | None = b"v") -> Record:
    return Record("orders.dlt", 0, 7, NOON, key, value, headers)


def facts(headers: Headers | None, **more: Any) -> Facts:
    return read(letter(headers, **more), KNOWN)


def ours(**said: str | bytes) -> Headers:
    """Headers of our runtime."""
    values: dict[str, str | bytes] = {
        "original_topic": "orders",
        "original_partition": "2",
        "original_offset": "40",
        "original_timestamp": "1700000000000",
        "original_group": "heimdall.writer",
        "worker": "writer",
        "error_class": "ContractViolation",
        "error_message": "field n: 17 is too large",
        "stack_hash": "abc",
        "disposition": "contract",
        "attempts": "3",
        "first_failed_at": "2026-11-21T09:00:00+00:00",
        "event_id": "e-1",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
    values |= said
    return [(name, value.encode() if isinstance(value, str) else value) for name, value in values.items()]


def test_a_letter_of_ours_says_where_it_is_from_and_why() -> None:
    found = facts(ours())
    assert found.place == ("orders", 2, 40, "heimdall.writer") and found.origin_known
    assert (found.writer, found.cause.disposition) == (Writer.HEIMDALL, Disposition.CONTRACT)
    assert (found.cause.error_class, found.cause.message) == (
        "ContractViolation",
        "field n: <n> is too large",
    )
    assert (found.event_id, found.trace_id) == ("e-1", "4bf92f3577b34da6a3ce929d0e0e4736")
    assert found.first_failed_at == datetime(2026, 11, 21, 9, tzinfo=UTC) and found.attempts == 3
    assert (found.letter_topic, found.letter_offset, found.flaws) == ("orders.dlt", 7, [])


@pytest.mark.parametrize("value", [b"broken", b"", None, b"\0\xff" * 1000])
def test_what_the_runtime_writes_is_read_without_a_flaw(value: bytes | None) -> None:
    record = Record("analysis.request", 1, 5, NOON, b"\xff\0", value, [("event_id", b"e-9")])
    made = build(Failure(record, InvalidMessage("not JSON"), 1, 1.8e9), worker="w", group="heimdall.w")
    known = KnownTopics("", {"analysis.request": "dlq.failed"})
    found = read(Record("dlq.failed", 0, 1, NOON, made.key, made.value, made.headers), known)
    assert found.place == ("analysis.request", 1, 5, "heimdall.w")
    assert (found.flaws, found.event_id, found.cause.disposition) == ([], "e-9", Disposition.POISON)


SPRING: Headers = [
    ("kafka_dlt-original-topic", b"prod.orders"),
    ("kafka_dlt-original-partition", (3).to_bytes(4, "big")),
    ("kafka_dlt-original-offset", (99).to_bytes(8, "big")),
    ("kafka_dlt-original-timestamp", (1_700_000_000_000).to_bytes(8, "big")),
    ("kafka_dlt-original-timestamp-type", b"CreateTime"),
    ("kafka_dlt-original-consumer-group", b"billing"),
    ("kafka_dlt-exception-fqcn", b"org.springframework.kafka.listener.ListenerExecutionFailedException"),
    ("kafka_dlt-exception-cause-fqcn", b"java.lang.IllegalStateException"),
    ("kafka_dlt-exception-message", b"Listener failed; no order 4711"),
    (
        "kafka_dlt-exception-stacktrace",
        b"java.lang.IllegalStateException: no order 4711\n\tat shop.Orders.find(Orders.java:12)\n",
    ),
]


def test_a_letter_of_spring_kafka_is_understood() -> None:
    found = facts(SPRING)
    assert found.place == ("orders", 3, 99, "billing") and found.origin_known
    assert found.writer is Writer.SPRING and found.cause.error_class == "java.lang.IllegalStateException"
    assert found.original_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert found.cause.message == "Listener failed; no order <n>" and found.cause.stack_hash
    assert found.cause.disposition is Disposition.RETRIES_EXHAUSTED


def test_of_a_letter_that_went_through_retry_topics_the_first_origin_counts() -> None:
    again: Headers = [
        ("kafka_dlt-original-topic", b"prod.orders-retry-0"),
        ("kafka_dlt-original-offset", (1).to_bytes(8, "big")),
        ("kafka_dlt-exception-cause-fqcn", b"java.io.IOException"),
    ]
    found = facts([*SPRING, *again])
    assert (found.topic, found.offset, found.cause.error_class) == ("orders", 99, "java.io.IOException")


def test_what_spring_cannot_deserialize_is_poison() -> None:
    wrong = b"org.springframework.kafka.support.serializer.DeserializationException"
    assert facts([("kafka_dlt-exception-fqcn", wrong)]).cause.disposition is Disposition.POISON


def test_the_place_that_raised_is_the_same_on_another_line_of_its_source() -> None:
    moved: Headers = [(name, (value or b"").replace(b":12)", b":14)")) for name, value in SPRING]
    assert facts(moved).cause == facts(SPRING).cause


def connect(**said: str) -> Headers:
    values = {
        "topic": "prod.orders",
        "partition": "1",
        "offset": "12",
        "connector.name": "pg-sink",
        "task.id": "0",
        "stage": "VALUE_CONVERTER",
        "class.name": "org.apache.kafka.connect.json.JsonConverter",
        "exception.class.name": "org.apache.kafka.connect.errors.DataException",
        "exception.message": "Converting byte[] to Kafka Connect data failed",
    } | said
    return [(f"__connect.errors.{name}", value.encode()) for name, value in values.items()]


def test_a_letter_of_kafka_connect_is_understood() -> None:
    found = facts(connect())
    assert found.place == ("orders", 1, 12, "connect-pg-sink") and found.writer is Writer.CONNECT
    assert found.cause.error_class == "org.apache.kafka.connect.errors.DataException"
    assert found.cause.disposition is Disposition.POISON
    assert facts(connect(stage="TASK_PUT")).cause.disposition is Disposition.UNEXPECTED


def test_a_letter_without_headers_is_known_by_its_own_place() -> None:
    found = facts(None, key=None, value=None)
    assert found.place == ("orders.dlt", 0, 7, "") and not found.origin_known
    assert (found.writer, found.size, found.key_text) == (Writer.UNKNOWN, 0, "")


@pytest.mark.parametrize(
    "said",
    [
        {"original_topic": "nowhere"},
        {"original_topic": "orders.dlt"},
        {"original_topic": "__consumer_offsets"},
        {"original_topic": "log-events"},  # whose dead letters go elsewhere
        {"original_topic": b"orders\0"},
        {"original_topic": "o" * 100_000},
        {"original_partition": "-1"},
        {"original_partition": str(2**31)},
        {"original_offset": "-5"},
        {"original_offset": str(2**63)},
        {"original_offset": "9" * 10_000},
        {"original_offset": "1.0"},
        {"original_offset": "١"},
        {"original_offset": b"\xff"},
    ],
    ids=str,
)
def test_an_origin_that_cannot_be_is_not_believed(said: dict[str, str | bytes]) -> None:
    found = facts(ours(**said))
    assert found.place == ("orders.dlt", 0, 7, "") and not found.origin_known and found.flaws


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("-3", 1),
        ("0", 1),
        ("1000", 1000),
        ("1001", 1000),
        ("9" * 5000, 1000),
        ("-" + "9" * 5000, 1),
        ("x", 1),
    ],
)
def test_absurd_counters_are_brought_within_bounds(said: str, expected: int) -> None:
    found = facts(ours(attempts=said))
    assert found.attempts == expected and ("attempts" in found.flaws) == (said != "1000")


@pytest.mark.parametrize("name", ["kafka_dlt-exception-message", "kafka_dlt-key-exception-message"])
def test_no_half_of_a_secret_is_kept_of_the_errors_of_others(name: str) -> None:
    said = b"x" * 470 + b" sent to postgres://me:hunter2hunter2" + b"y" * 100 + b"@db"
    headers = [(key, value) for key, value in SPRING if key != "kafka_dlt-exception-message"]
    assert "hunter2" not in facts([*headers, (name, said)]).error_message


@pytest.mark.parametrize("said", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00", "1969-12-31", "soon"])
def test_a_time_that_not_every_zone_has_is_not_believed(said: str) -> None:
    found = facts(ours(first_failed_at=said))
    assert found.first_failed_at is None and found.flaws == ["first_failed_at"]


def test_a_digest_that_is_not_of_these_bytes_is_a_flaw() -> None:
    assert facts(ours(payload_sha256="0" * 64)).flaws == ["payload_sha256"]


def test_none_and_empty_are_different_records() -> None:
    pairs = [(None, b""), (b"", None), (b"", b""), (None, None), (b"ab", b"c"), (b"a", b"bc")]
    assert len({facts(None, key=key, value=value).digest for key, value in pairs}) == len(pairs)


NAMES = st.sampled_from(
    [
        *(name for name, _ in ours()),
        *(name for name, _ in SPRING),
        *(name for name, _ in connect()),
        "redrive_id",
        "redrive_count",
        "redrive_proof",
        "payload_sha256",
        "schema",
        "correlation_id",
        "kafka_dlt-key-exception-stacktrace",
    ]
)
VALUES = (
    st.none()
    | st.binary(max_size=40)
    | st.sampled_from([b"orders", b"prod.orders", b"\0", b"\xff\xfe", b"1" * 300, b"-1", b"\x7f" * 8, b"0"])
    | st.text(max_size=30).map(lambda text: text.encode())
)
HEADERS = st.none() | st.lists(st.tuples(NAMES | st.text(max_size=20), VALUES), max_size=30)


@given(
    HEADERS,
    st.none() | st.binary(max_size=300),
    st.none() | st.binary(max_size=300),
    st.integers(-1, 2**63 - 1),
)
@THOROUGH
def test_whatever_comes_becomes_facts_that_can_be_stored(
    headers: Headers | None, key: bytes | None, value: bytes | None, stamp: int
) -> None:
    found = read(Record("orders.dlt", 0, 7, stamp, key, value, headers), KNOWN)
    texts = [
        (found.topic, 200), (found.group, 200), (found.worker, 200), (found.worker_version, 40),
        (found.error_message, 500), (found.event_id, 128), (found.correlation_id, 128), (found.trace_id, 32),
        (found.key_text, 200), (found.redrive_id, 64), (found.cause.error_class, 200),
        (found.cause.message, 300), (found.cause.stack_hash, 64), (found.cause.schema, 128),
    ]  # fmt: skip
    for text, most in texts:
        assert len(text) <= most and b"\0" not in text.encode()
    assert 0 <= found.partition < 2**31 and 0 <= found.offset <= MOST_NUMBER
    assert 1 <= found.attempts <= 1000 and 0 <= found.redrive_count <= 1000
    assert all(moment is None or moment.tzinfo for moment in (found.original_at, found.first_failed_at))
    assert found.origin_known == (found.topic == "orders") and "," not in "".join(found.flaws)
    assert found == read(Record("orders.dlt", 0, 7, stamp, key, value, headers), KNOWN)


@pytest.mark.timeout(30)
def test_a_megabyte_in_every_header_is_read_quickly() -> None:
    big = [(name, b"a'\"`<0x9" * 130_000) for name, _ in [*ours(), *SPRING, *connect()]]
    found = facts([*big, ("traceparent", b"-" * 1_000_000)])
    assert len(found.error_message) <= 500
