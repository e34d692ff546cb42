"""Writing into the outbox, on PostgreSQL."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction

from heimdall_project.errors import EventTooLarge
from heimdall_project.events.jobs import Failure, FailureClass
from heimdall_project.observability.logging import bound
from heimdall_project.observability.tracing import traced
from heimdall_project.streams import outbox, topics
from heimdall_project.streams.models import OutboxMessage
from heimdall_project.streams.outbox import NewEvent
from heimdall_project.streams.topics import Topic

from .world import SCHEMA, beside, lock_waiters, open_transaction, unsent, until, write

pytestmark = pytest.mark.django_db(transaction=True)


def headers_of(event_id: str) -> dict[str, str]:
    headers: dict[str, str] = OutboxMessage.objects.get(event_id=event_id).headers
    return headers


@transaction.atomic
def publish(**more: object) -> str:
    given: dict[str, object] = {"topic": Topic.ANALYSIS_REQUEST, "key": "1", "event": b"{}", "schema": SCHEMA}
    return outbox.publish(**(given | more))  # type: ignore[arg-type]


def test_every_event_says_what_it_is_and_where_it_comes_from() -> None:
    event_id = publish()
    assert headers_of(event_id) == {
        "event_id": event_id,
        "schema": SCHEMA,
        "correlation_id": event_id,
        "source": "outbox",
    }


def test_correlation_and_trace_of_the_work_in_hand_go_along() -> None:
    with bound(correlation_id="abc"), traced(None) as traceparent:
        headers = headers_of(publish())
    assert (headers["correlation_id"], headers["traceparent"]) == ("abc", traceparent)


def test_given_headers_are_kept_but_cannot_forge_ours() -> None:
    headers = headers_of(publish(event_id="mine", headers={"redrive_id": "7", "source": "forged"}))
    assert (headers["redrive_id"], headers["source"], headers["event_id"]) == ("7", "outbox", "mine")


def test_an_event_goes_with_its_transaction() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        publish()
        raise ZeroDivisionError
    assert unsent() == []


def test_an_event_id_is_taken_once() -> None:
    publish(event_id="mine")
    with pytest.raises(IntegrityError):
        publish(event_id="mine")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"topic": "no.such.topic"}, KeyError),
        ({"key": ""}, ValueError),
        ({"event": b"x" * 2**21}, EventTooLarge),
    ],
)
def test_what_could_never_be_published_is_refused(wrong: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        publish(**wrong)
    assert unsent() == []


def test_the_refusal_of_a_large_event_names_both_sizes() -> None:
    most = topics.spec(Topic.ANALYSIS_REQUEST).max_bytes
    with pytest.raises(EventTooLarge, match=f"{SCHEMA} is {most + 1} bytes as a record; .* takes {most}"):
        publish(event=b"x" * (most + 1 - outbox.record_size(b"1", b"", _some_headers())), event_id="e" * 36)


def _some_headers() -> dict[str, str]:
    return {"event_id": "e" * 36, "schema": SCHEMA, "correlation_id": "e" * 36, "source": "outbox"}


def test_structs_are_encoded_by_their_contract() -> None:
    publish(event=Failure(failure_class=FailureClass.TIMEOUT, message="late"))
    assert bytes(OutboxMessage.objects.get().value or b"") == b'{"failure_class":"timeout","message":"late"}'


def test_the_second_writer_of_a_key_waits_and_gets_the_higher_id() -> None:
    with (
        open_transaction(lambda: publish(event_id="first")) as commit,
        beside(lambda: write("second", key="1")),
    ):
        until(lambda: lock_waiters() == 1)
        assert unsent() == []
        commit.set()
    assert unsent() == ["first", "second"]


def test_writers_of_different_keys_do_not_wait_for_each_other() -> None:
    with open_transaction(lambda: publish(event_id="slow", key="1")):
        write("quick", key="2")
        assert unsent() == ["quick"]


def test_writers_of_the_same_keys_in_opposite_order_do_not_lock_each_other_out() -> None:
    def writer(keys: list[str]) -> Callable[[], None]:
        def write_often() -> None:
            for _ in range(40):
                with transaction.atomic():
                    outbox.publish_many(
                        [
                            NewEvent(topic=Topic.CATALOG_UPSERTS, key=k, event=b"{}", schema=SCHEMA)
                            for k in keys
                        ]
                    )

        return write_often

    keys = [str(number) for number in range(40)]
    with beside(writer(keys)), beside(writer(keys[30:5:-1])):
        pass
    assert len(unsent()) == 40 * (40 + 25)


def test_locks_are_taken_lowest_first() -> None:
    asked: list[list[int]] = []

    def listen(execute: Callable[..., object], sql: str, params: list[list[int]], *rest: object) -> object:
        if "advisory" in sql:
            asked.extend(params)
        return execute(sql, params, *rest)

    with connection.execute_wrapper(listen), transaction.atomic():
        outbox.publish_many(
            [NewEvent(topic=Topic.CATALOG_UPSERTS, key=str(n), event=b"{}", schema=SCHEMA) for n in range(50)]
        )
    assert asked == [sorted(asked[0])]


def test_many_events_keep_their_order() -> None:
    names = [str(number) for number in range(2500)]
    with transaction.atomic():
        ids = outbox.publish_many(
            [
                NewEvent(topic=Topic.ANALYSIS_REQUEST, key="a", event=b"{}", schema=SCHEMA, event_id=name)
                for name in names
            ]
        )
    assert ids == unsent() == names
