"""Clients of the real web door that hang up, or lie about how much they send."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from heimdall_project.accounts.models import User
from tests.integration.platform.doors import WEB, Door, door, this_database
from tests.people import PASSWORD

from .world import BASIC, MANY, held, send_to, view_bytes


@pytest.fixture
def web(transactional_db: None, own_topics: str) -> Iterator[Door]:
    """A door, and an account that may send."""
    hashed = PBKDF2PasswordHasher().encode(PASSWORD, "salt-of-a-test", iterations=1000)  # as doors hash
    User.objects.create(username="omar", password=hashed, is_superuser=True)
    with door(WEB, DATABASE_URL=this_database(), KAFKA_TOPIC_PREFIX=settings.KAFKA_TOPIC_PREFIX) as running:
        assert send_to(running.port, view_bytes("first")).startswith(b"HTTP/1.1 202")
        yield running


def head(length: int, path: str = MANY, kind: str = "application/x-ndjson") -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: {BASIC['Authorization']}",
        f"Content-Type: {kind}",
        f"Content-Length: {length}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def names() -> list[str]:
    return sorted(str(record.value).partition('"event_id":"')[2].partition('"')[0] for record in held())


def test_a_client_that_hangs_up_in_the_middle_has_nothing_accepted(web: Door) -> None:
    whole = view_bytes("cut") + b"\n"
    for sent in (b"", whole, whole[:50]):
        with closing(socket.create_connection(("127.0.0.1", web.port))) as client:
            client.sendall(head(len(whole) * 2) + sent)
    assert send_to(web.port, view_bytes("after")).startswith(b"HTTP/1.1 202")
    time.sleep(0.5)  # what was cut off would have had the time to arrive
    assert names() == ["after", "first"]


def test_a_client_that_says_less_than_it_sends_gets_no_more_than_that_read(web: Door) -> None:
    body = view_bytes("said")
    with closing(socket.create_connection(("127.0.0.1", web.port), timeout=10)) as client:
        client.sendall(head(len(body)) + body + b"\n" + view_bytes("unsaid"))
        assert client.recv(100).startswith(b"HTTP/1.1 202")
    assert names() == ["first", "said"]


def test_a_client_that_says_more_than_it_sends_and_waits_keeps_nobody_else_waiting(web: Door) -> None:
    body = view_bytes("unfinished")
    with closing(socket.create_connection(("127.0.0.1", web.port))) as client:
        client.sendall(head(len(body) + 1) + body)
        for number in range(20):
            assert send_to(web.port, view_bytes(f"other-{number:02}")).startswith(b"HTTP/1.1 202")
        assert "unfinished" not in names()
    assert "unfinished" not in names()


def test_a_client_that_trickles_is_answered_when_its_last_byte_is_there(web: Door) -> None:
    told = head(len(view_bytes("slow"))) + view_bytes("slow")
    with closing(socket.create_connection(("127.0.0.1", web.port), timeout=10)) as client:
        for byte in range(0, len(told) - 1, 20):
            client.sendall(told[byte : min(byte + 20, len(told) - 1)])
            time.sleep(0.01)
        assert send_to(web.port, view_bytes("other")).startswith(b"HTTP/1.1 202")
        assert names() == ["first", "other"]
        client.sendall(told[-1:])
        assert client.recv(100).startswith(b"HTTP/1.1 202")
    assert names() == ["first", "other", "slow"]


def test_a_length_that_is_none_is_refused(web: Door) -> None:
    for length in ("-1", "x", "1e3", "99999999999999999999", "5, 5"):
        told = head(7).replace(b"Content-Length: 7", f"Content-Length: {length}".encode())
        with closing(socket.create_connection(("127.0.0.1", web.port), timeout=10)) as client:
            client.sendall(told + b"{}")
            answer = client.recv(2000)
        assert answer == b"" or answer[9:12] in (b"400", b"413"), length
        assert web.get("/livez").status == 200


@pytest.mark.parametrize(("named", "status"), [({"Content-Length": str(16_000_000)}, 413), ({}, 411)])
def test_a_client_that_sends_first_and_reads_then_gets_its_refusal(
    web: Door, named: dict[str, str], status: int
) -> None:
    pieces = (b"x" * 64_000 for _ in range(250))  # more than lies between two sockets
    with closing(HTTPConnection("127.0.0.1", web.port, timeout=60)) as client:
        client.request("POST", MANY, pieces, BASIC | named, encode_chunked=not named)
        assert client.getresponse().status == status


def test_a_client_that_asks_before_it_sends_is_refused_at_once(web: Door) -> None:
    asked = head(16_000_000).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
    with closing(socket.create_connection(("127.0.0.1", web.port), timeout=10)) as client:
        client.sendall(asked)
        assert client.recv(100).startswith(b"HTTP/1.1 413")
