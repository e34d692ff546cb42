"""Events by HTTP while servers freeze, restart and stop: whatever was answered 202 is in Kafka."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from docker.local import Kafka
from heimdall_project.streams.broker import scan
from heimdall_project.streams.topics import Topic
from tests.integration.platform.doors import WEB, Door, door
from tests.probe_workers.harness import eventually

from .senders import ONE, post, sender_account, sending, view
from .world import World


@contextmanager
def web_door(world: World, **environment: str) -> Iterator[Door]:
    """A real web door in this world, with a topic for events."""
    sender_account()
    world.create(Topic.PAGE_VIEWS)
    told: dict[str, Any] = world.environment | {
        "DJANGO_SETTINGS_MODULE": "heimdall_project.settings",
        "LOG_LEVEL": "INFO",
    }
    with door(WEB, log=world.directory / "web.log", **(told | environment)) as running:
        yield running


def stored() -> list[str]:
    """Event ids in the topic, as often as they stand there."""
    records = scan(Topic.PAGE_VIEWS, since_ms=0, timeout=30)
    return [msgspec.json.decode(record.value or b"")["event_id"] for record in records]


def test_a_frozen_broker_is_told_within_ten_seconds_and_nothing_is_falsely_accepted(
    world_on_kafka: World, kafka: Kafka
) -> None:
    with web_door(world_on_kafka) as web:
        assert post(web.port, ONE, view("before"))[0] == 202
        kafka.freeze()
        begun = time.monotonic()
        status, retry_after, problem = post(web.port, ONE, view("during"))
        seconds = time.monotonic() - begun
        assert (status, retry_after, problem["outcome"]) == (503, "5", "unknown")
        assert "may be stored" in problem["detail"] and problem["event_id"] == "during"
        assert 5 < seconds < 13
        with sending(web.port, senders=12) as told:  # more than there are threads: refused, not queued
            eventually(lambda: len(told.statuses) > 20)
        assert set(told.statuses) == {503} and not told.accepted
        kafka.thaw()
        eventually(lambda: post(web.port, ONE, view("after"))[0] == 202)
    assert {"before", "after"} <= set(stored())


def test_a_broker_restarted_under_load_loses_nothing_that_was_answered_202(
    world_on_kafka: World, kafka: Kafka
) -> None:
    with web_door(world_on_kafka) as web, sending(web.port, batch=20) as told:
        eventually(lambda: len(told.accepted) > 200)
        kafka.restart()
        before = len(told.accepted)
        eventually(lambda: len(told.accepted) > before + 200)
    assert told.accepted <= set(stored())
    assert told.slowest < 17 and set(told.statuses) <= {202, 503}


@pytest.mark.parametrize("batch", [1, 50])
def test_a_door_stopped_under_load_answers_what_is_under_way_and_keeps_every_202(
    world: World, batch: int
) -> None:
    with web_door(world) as web:
        with sending(web.port, batch=batch) as told:
            eventually(lambda: len(told.accepted) > 100)
            web.process.send_signal(signal.SIGTERM)
            web.process.wait(30)
        log = Path(world.directory / "web.log").read_text()
    assert told.accepted <= set(stored())
    assert web.process.returncode == 0
    assert "intake_stops" in log
