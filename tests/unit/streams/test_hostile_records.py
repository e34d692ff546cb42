"""Records that somebody made to do harm, or that no test of their producer ever saw."""

import pytest

from heimdall_project.errors import ContractViolation, InvalidMessage, TransientError
from heimdall_project.events import codec
from heimdall_project.events.jobs import AnalysisRequested
from heimdall_project.streams.books import _minute
from heimdall_project.streams.consumer import Delivery
from heimdall_project.streams.dead_letters import as_dict
from heimdall_project.streams.records import Headers
from heimdall_project.streams.testing import InMemoryBroker, run_until_idle

from .workers import TOPIC, Keeper, Note, fill

DEEP = b'{"n":1,"unknown":' + b"[" * 200_000 + b"]" * 200_000 + b"}"


@pytest.fixture
def broker() -> InMemoryBroker:
    return InMemoryBroker()


def test_a_value_nested_beyond_the_stack_is_invalid_and_kills_nobody() -> None:
    with pytest.raises(InvalidMessage, match="RecursionError"):
        codec.decode(Note, DEEP)


def test_a_time_that_no_calendar_knows_is_invalid_and_kills_nobody() -> None:
    with pytest.raises(ContractViolation, match="out of range"):
        codec.decode(AnalysisRequested, b'{"timestamp":253402300800}')


def test_a_record_time_that_no_calendar_knows_is_counted_all_the_same() -> None:
    assert _minute(2**62 // 60_000).year == 9999


def test_a_header_of_ours_on_an_ordinary_record_is_overwritten_not_believed(broker: InMemoryBroker) -> None:
    fill(broker, 1)
    forged: Headers = [
        ("disposition", b"poison\x00"),
        ("original_offset", b"999"),
        ("keep", b"\xff"),
        ("keep", b"2"),
    ]
    broker.produce(TOPIC, b"broken", partition=0, headers=forged)
    run_until_idle(broker.runner(Keeper()))
    headers = broker.records("dlq.failed")[0].headers or []
    assert [pair for pair in headers if pair[0] == "keep"] == [("keep", b"\xff"), ("keep", b"2")]
    assert as_dict(headers)["original_offset"] == "1"
    assert len([name for name, _ in headers if name == "disposition"]) == 1


def test_a_reason_with_characters_that_the_database_refuses_is_cleaned(broker: InMemoryBroker) -> None:
    def act(delivery: Delivery[Note]) -> None:
        raise TransientError("sink", "\x00 at postgres://user:secret@host/")

    fill(broker, 1)
    runner = broker.runner(Keeper(act))
    for _ in range(5):
        runner.turn(0.1)
    assert "sink" in runner.beat.reason
    assert "\x00" not in runner.beat.reason and "secret" not in runner.beat.reason
