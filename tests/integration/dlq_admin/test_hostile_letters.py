"""Letters that nobody foresaw: headers of several writers mixed, repeated, broken, beyond every bound."""

from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlq_admin.models import DeadLetter, LetterPayload
from dlq_admin.services import Indexed, letters_index
from dlq_admin.services.payloads import headers_of as headers_out_of
from heimdall_project.errors import InvalidMessage
from heimdall_project.streams.dead_letters import Failure, build
from heimdall_project.streams.records import Headers, Record

from .letters import DEAD, GROUP, NOON, TOPIC, assert_counted

pytestmark = pytest.mark.django_db
OFTEN = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
BEYOND = [b"9223372036854775807", b"9223372036854775808", b"-1", b"-9223372036854775809", b"9" * 5000, b"1e3"]
JAVA = [b"\x7f" + b"\xff" * 7, b"\x80" + b"\0" * 7, b"\xff" * 4, b"\xff" * 8, b"\0" * 9, b"\0" * 8, b""]
TIMES = [b"9999-12-31T23:59:59+00:00", b"10000-01-01T00:00:00Z", b"-0001-01-01", b"253402300800000", b"\xff"]
TEXTS = [
    TOPIC.encode(),
    DEAD.encode(),
    GROUP.encode(),
    b"\xff\xfe",
    b"\0",
    b"\xed\xa0\x80",
    b"a,b",
    b"x" * 70_000,
]
SAID = {
    "original_topic": TEXTS,
    "original_group": TEXTS,
    "original_partition": BEYOND,
    "original_offset": BEYOND,
    "original_timestamp": BEYOND,
    "attempts": BEYOND,
    "redrive_count": BEYOND,
    "first_failed_at": TIMES,
    "disposition": [b"poison", b"\xff", b""],
    "error_class": TEXTS,
    "error_message": TEXTS,
    "redrive_id": TEXTS,
    "redrive_proof": TEXTS,
    "letter_proof": [*TEXTS, b"0" * 64],
    "payload_sha256": TEXTS,
    "event_id": TEXTS,
    "schema": TEXTS,
    "traceparent": TEXTS,
    "kafka_dlt-original-topic": TEXTS,
    "kafka_dlt-original-partition": JAVA,
    "kafka_dlt-original-offset": JAVA,
    "kafka_dlt-original-timestamp": JAVA,
    "kafka_dlt-original-consumer-group": TEXTS,
    "kafka_dlt-exception-message": TEXTS,
    "__connect.errors.topic": TEXTS,
    "__connect.errors.partition": BEYOND,
    "__connect.errors.offset": BEYOND,
    "__connect.errors.connector.name": TEXTS,
    "__connect.errors.stage": TEXTS,
}
ONE = st.sampled_from(sorted(SAID)).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from(SAID[name]) | st.none() | st.binary(max_size=12))
)
MADE = st.sampled_from(["nothing", "all of ours", "ours, without what it is known by"])
PLACES = st.sampled_from([0, 1, 2**63 - 1])
STAMPS = st.sampled_from([NOON, 0, -1, 253_402_300_800_000, 2**63 - 1])


def headers_of(made: str, place: int, more: list[tuple[str, bytes | None]], first: bool) -> Headers:
    record = Record(TOPIC, 0, place, NOON, b"k", b"v", [("x", b"1")])
    ours = list(build(Failure(record, InvalidMessage("x"), 1, NOON / 1000), worker="w", group=GROUP).headers)
    if made == "nothing":
        return more
    if made != "all of ours":
        ours = [each for each in ours if each[0] not in ("original_topic", "letter_proof")]
    return [*more, *ours] if first else [*ours, *more]


def headers_of_payload(payload: LetterPayload) -> Headers:
    return headers_out_of(payload.headers) or []


LETTERS = st.lists(
    st.tuples(st.builds(headers_of, MADE, PLACES, st.lists(ONE, max_size=12), st.booleans()), STAMPS),
    min_size=1,
    max_size=8,
)
OFFSETS = count()


@given(LETTERS)
@OFTEN
def test_each_becomes_one_row_with_identical_bytes_whoever_claims_to_have_written_it(
    db: None, given: list[tuple[Headers, int]]
) -> None:
    records = [
        Record(DEAD, 0, offset, stamp, b"\xff%d" % offset, b"\0%d" % offset, headers)
        for (headers, stamp), offset in zip(given, OFFSETS, strict=False)
    ]
    assert set(letters_index(records=records)) <= {Indexed.NEW, Indexed.CONTESTED}
    rows = DeadLetter.objects.filter(letter_offset__in=[each.offset for each in records])
    kept = {row.letter_offset: row.pk for row in rows}
    assert len(kept) == rows.count() == len(records)
    for record in records:
        payload = LetterPayload.objects.get(pk=kept[record.offset])
        assert (bytes(payload.key or b""), bytes(payload.value or b"")) == (record.key, record.value)
        assert headers_of_payload(payload) == record.headers
    assert set(letters_index(records=records[::-1])) == {Indexed.DUPLICATE}
    assert_counted()


@given(LETTERS, st.binary(max_size=3))
@OFTEN
def test_none_hides_another_however_alike_they_are(
    db: None, given: list[tuple[Headers, int]], value: bytes
) -> None:
    records = [
        Record(DEAD, 0, offset, stamp, None, value, headers)
        for (headers, stamp), offset in zip(given, OFFSETS, strict=False)
    ]
    answers = letters_index(records=records)
    for record, answer in zip(records, answers, strict=True):
        if answer is Indexed.DUPLICATE:  # of a row that would send the very same
            own = {each for each in record.headers or () if each[0] in ("x", "event_id", "schema")}
            twins = LetterPayload.objects.filter(key=None, value=value)
            sent = [set(headers_of_payload(twin)) for twin in twins]
            assert any(own <= each for each in sent)
    assert_counted()


def test_a_claim_to_the_place_of_every_kind_of_writer_is_one_row_each() -> None:
    ours = headers_of("all of ours", 7, [], True)
    spring: Headers = [
        ("kafka_dlt-original-topic", TOPIC.encode()),
        ("kafka_dlt-original-partition", b"\0" * 4),
        ("kafka_dlt-original-offset", (7).to_bytes(8, "big")),
        ("kafka_dlt-original-consumer-group", GROUP.encode()),
    ]
    mixed: Headers = [*spring, ("x", b"1"), *spring]
    records = [
        Record(DEAD, 0, n, NOON, b"k", b"v", headers) for n, headers in enumerate([ours, spring, mixed])
    ]
    assert letters_index(records=records) == [Indexed.NEW, Indexed.CONTESTED, Indexed.DUPLICATE]
    again = Record(DEAD, 0, 3, NOON, b"k", b"v", [("retry_topic-attempts", b"\0\0\0\2"), *spring])
    assert letters_index(records=[again]) == [Indexed.DUPLICATE]
