"""Clients of the real web door that send their bodies slowly or stop in the middle, and those beside them."""

import json
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPResponse
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from heimdall_project.accounts.models import User
from tests.integration.platform.doors import WEB, Door, door, this_database
from tests.people import PASSWORD
from tests.probe_workers.harness import eventually

from .test_intake_door import head
from .world import send_to, view_bytes

WORKED_ON = 8
"""`API_REQUESTS_AT_ONCE` as shipped."""


@contextmanager
def web(**environment: Any) -> Iterator[Door]:
    """A door that has seen its account once."""
    hashed = PBKDF2PasswordHasher().encode(PASSWORD, "salt-of-a-test", iterations=1000)  # as doors hash
    User.objects.create(username="omar", password=hashed, is_superuser=True)
    prefix = settings.KAFKA_TOPIC_PREFIX
    with door(WEB, DATABASE_URL=this_database(), KAFKA_TOPIC_PREFIX=prefix, **environment) as running:
        assert send_to(running.port, view_bytes("first")).startswith(b"HTTP/1.1 202")
        yield running


@contextmanager
def crowd(port: int, size: int) -> Iterator[list[socket.socket]]:
    """So many clients that have sent a head and one byte. Their sockets are closed at the end."""
    with ExitStack() as held:
        clients = []
        for _ in range(size):
            clients.append(held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30)))
            clients[-1].sendall(head(300) + b"{")
        yield clients


def answered(clients: list[socket.socket]) -> list[socket.socket]:
    """Those that have something to read."""
    return select.select(clients, [], [], 0)[0]


def problem(client: socket.socket) -> tuple[int, dict[str, Any]]:
    """Status and body of an answer."""
    answer = HTTPResponse(client)
    with closing(answer):
        answer.begin()
        assert answer.headers["Content-Type"] == "application/problem+json"
        return answer.status, json.loads(answer.read())


@pytest.mark.usefixtures("transactional_db", "own_topics")
def test_clients_that_trickle_do_not_keep_the_others_out() -> None:
    with web(API_BODY_SECONDS="600") as running, crowd(running.port, 3 * WORKED_ON) as clients:
        for name in ("quick", "quicker", "quickest"):
            for client in clients:
                client.sendall(b" ")
            assert send_to(running.port, view_bytes(name)).startswith(b"HTTP/1.1 202")
        assert not answered(clients)


@pytest.mark.usefixtures("transactional_db", "own_topics")
def test_slow_bodies_are_bounded_in_number_and_in_time() -> None:
    with (
        web(API_BODIES_AT_ONCE="4", API_BODY_SECONDS="3") as running,
        crowd(running.port, 12) as clients,
    ):
        eventually(lambda: len(answered(clients)) >= 8)
        refused = answered(clients)
        assert [problem(each)[0] for each in refused] == [503] * 8
        assert running.get("/livez").status == 200
        slow = [each for each in clients if each not in refused]
        while len(answered(slow)) < 4:  # a byte now and then does not help
            for each in slow[:2]:
                each.send(b" ")
            time.sleep(0.1)
        told = [problem(each) for each in slow]
        assert {(status, body["type"]) for status, body in told} == {
            (408, "urn:heimdall:problem:request-timeout")
        }
        assert send_to(running.port, view_bytes("after")).startswith(b"HTTP/1.1 202")
