"""Events by HTTP while servers freeze, restart and stop: whatever was answered 202 is in Kafka."""

import json
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import msgspec
import pytest

from docker.local import Kafka
from heimdall_project.errors import TransientError
from heimdall_project.streams.broker import scan
from heimdall_project.streams.records import Record
from heimdall_project.streams.topics import Topic
from tests.integration.platform.doors import WEB, Door, door
from tests.probe_workers.harness import eventually

from .senders import BASIC, ONE, post, sender_account, sending, view
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
    """Event ids in the topic, as often as they stand there. A broker that woke up may still elect leaders."""
    records: list[Record] = []

    def is_read() -> bool:
        try:
            records[:] = scan(Topic.PAGE_VIEWS, since_ms=0, timeout=30)
        except TransientError:
            return False
        return True

    eventually(is_read)
    return [msgspec.json.decode(record.value or b"")["event_id"] for record in records]


def head(path: str, length: int) -> bytes:
    """The head of a request whose body follows."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: {BASIC}",
        "Content-Type: application/json",
        f"Content-Length: {length}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def test_a_frozen_broker_is_told_within_ten_seconds_and_nothing_is_falsely_accepted(
    world_on_kafka: World, kafka: Kafka
) -> None:
    with web_door(world_on_kafka) as web:
        assert post(web.port, ONE, view("before"))[0] == 202
        kafka.freeze()
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(post, web.port, ONE, view("during"))
            time.sleep(0.5)  # it has its turn before the crowd, of which most wait for theirs
            with sending(web.port, senders=40) as told:
                eventually(lambda: len(told.statuses) > 60)
        status, retry_after, problem = first.result()
        assert (status, retry_after, problem["outcome"]) == (503, "5", "unknown")
        assert "may be stored" in problem["detail"] and problem["event_id"] == "during"
        assert set(told.statuses) == {503} and not told.accepted and None not in told.retry_after
        assert 4 < told.slowest < 11.5  # ten, and what a busy machine adds
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


def test_a_door_that_stops_answers_what_is_under_way_and_refuses_what_comes_after(world: World) -> None:
    late = json.dumps(view("late")).encode()
    log = world.directory / "web.log"
    with web_door(world, INGEST_ACK_TIMEOUT="5") as web, ThreadPoolExecutor(1) as pool:
        assert post(web.port, ONE, view("before"))[0] == 202
        waiting = pool.submit(post, web.port, f"{ONE}?durability=stored", view("under-way"))  # no writer runs
        eventually(lambda: "under-way" in stored())
        with closing(socket.create_connection(("127.0.0.1", web.port), timeout=30)) as client:
            client.sendall(head(ONE, len(late)) + late[:-1])
            eventually(lambda: b"heimdall_bodies_arriving 1.0" in web.get("/metrics").read())
            web.process.send_signal(signal.SIGTERM)
            eventually(lambda: "intake_stops" in log.read_text())
            client.sendall(late[-1:])
            answer = HTTPResponse(client)
            answer.begin()
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
            assert "about to stop" in json.loads(answer.read())["detail"]
        assert waiting.result(30)[0] == 202
        assert web.process.wait(30) == 0
    assert sorted(stored()) == ["before", "under-way"]


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
