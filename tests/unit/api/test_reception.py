"""Bodies on their way in and requests that wait for their turn, without a server."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from io import BytesIO
from threading import Event
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory
from pytest_django import Settings

from heimdall_project.api.arrivals import Arrivals, Unanswered
from heimdall_project.api.connections import connections
from heimdall_project.api.cutting import Cutting
from heimdall_project.api.reception import Reception, received_at
from heimdall_project.api.turns import Turns
from heimdall_project.errors import RequestTimeout, Unavailable
from heimdall_project.streams.testing import FakeClock

HERE = "127.0.0.1"


@pytest.fixture
def pairs() -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    """Two connections to a port of ours: both ends of each."""
    with ExitStack() as held:
        listener = held.enter_context(socket.create_server((HERE, 0)))
        made = []
        for _ in range(2):
            client = held.enter_context(socket.create_connection(listener.getsockname()))
            made.append((held.enter_context(listener.accept()[0]), client))
        yield made


def port_of(pair: tuple[socket.socket, socket.socket]) -> int:
    port: int = pair[0].getsockname()[1]
    return port


def test_so_many_bodies_are_received_at_a_time_and_no_more() -> None:
    arrivals = Arrivals(most=1, seconds=5)
    with arrivals.one(HERE, 80), pytest.raises(Unavailable) as refused, arrivals.one(HERE, 80):
        pass
    assert (refused.value.status, refused.value.retry_after) == (503, 1)
    with arrivals.one(HERE, 80):
        pass  # there is room again


def test_a_body_that_ended_early_is_late_only_if_its_time_was_over() -> None:
    clock = FakeClock()
    arrivals = Arrivals(most=9, seconds=5, clock=clock.now)
    with arrivals.one(HERE, 80) as arrival:
        clock.advance(4.9)
        arrivals.refuse_if_late(arrival)
        clock.advance(0.2)
        assert arrivals.slower_than(5) == [arrival]
        with pytest.raises(RequestTimeout):
            arrivals.refuse_if_late(arrival)
    assert not arrivals.slower_than(0)


def test_a_connection_on_which_something_was_sent_is_not_silent() -> None:
    seen = Unanswered()
    seen.look({1: 0, 2: 0}, now=10)
    seen.look({1: 0, 2: 70, 3: 0}, now=11)
    assert list(seen.since(10)) == [1]
    assert list(seen.since(11)) == [1, 2, 3]
    seen.forget()
    seen.look({1: 0}, now=12)
    assert not seen.since(11)


def test_what_is_sent_is_seen_from_outside(pairs: list[tuple[socket.socket, socket.socket]]) -> None:
    served, client = pairs[0]
    served.sendall(b"five!")
    assert client.recv(10) == b"five!"
    assert sorted(each.sent for _, each in connections(port_of(pairs[0]))) == [0, 5]


def test_only_a_late_body_without_any_answer_is_cut(pairs: list[tuple[socket.socket, socket.socket]]) -> None:
    clock = FakeClock()
    arrivals = Arrivals(most=9, seconds=20, clock=clock.now)
    cutting = Cutting(arrivals)
    (late, _), (answered, reader) = pairs
    with arrivals.one(HERE, port_of(pairs[0])):
        for _ in range(10):
            clock.advance(2)
            answered.sendall(b".")
            assert reader.recv(1)
            cutting.look(clock.now())
        clock.advance(1)
        cutting.look(clock.now())
    late.settimeout(5)
    answered.setblocking(False)
    assert late.recv(1) == b""
    with pytest.raises(BlockingIOError):
        answered.recv(1)
    late.sendall(b"an answer can still be sent")


def test_others_at_the_address_of_nobody_late_are_left_alone(
    pairs: list[tuple[socket.socket, socket.socket]],
) -> None:
    clock = FakeClock()
    arrivals = Arrivals(most=9, seconds=20, clock=clock.now)
    cutting = Cutting(arrivals)
    with arrivals.one("192.0.2.1", port_of(pairs[0])):
        for _ in range(12):
            clock.advance(2)
            cutting.look(clock.now())
    pairs[0][0].setblocking(False)
    with pytest.raises(BlockingIOError):
        pairs[0][0].recv(1)


def test_a_request_waits_for_its_turn_and_no_longer_than_it_may() -> None:
    turns = Turns(most=1, seconds=0.05)
    with turns.one(), pytest.raises(Unavailable) as refused, turns.one():
        pass
    assert "nothing was done" in refused.value.detail
    with turns.one():
        pass


def test_so_many_wait_for_a_turn_and_the_next_is_refused_at_once() -> None:
    turns, done = Turns(most=1, seconds=30), Event()

    def work() -> None:
        with turns.one():
            done.wait(30)

    with ThreadPoolExecutor(5) as threads:
        asked = [threads.submit(work) for _ in range(5)]
        try:
            while turns.waiting < 4:
                time.sleep(0.01)
            with pytest.raises(Unavailable, match="4 requests wait already"), turns.one():
                pass
        finally:
            done.set()
        for each in asked:
            each.result(30)
    assert turns.waiting == 0


def test_probes_need_no_turn_and_others_are_told_to_come_again(settings: Settings) -> None:
    settings.API_REQUESTS_AT_ONCE, settings.API_TURN_SECONDS = 1, 0.05
    inner: list[HttpResponseBase] = []

    def work(request: HttpRequest) -> HttpResponse:
        if request.path == "/work":
            inner.extend(reception(RequestFactory().get(path)) for path in ("/livez", "/other"))
        return HttpResponse("done")

    reception = Reception(work)
    assert reception(RequestFactory().get("/work")).status_code == 200
    probe, other = inner
    assert probe.status_code == 200
    assert (other.status_code, other.headers["Retry-After"]) == (503, "1")
    assert other.headers["Content-Type"] == "application/problem+json"


def test_the_time_of_a_request_begins_when_its_body_is_there() -> None:
    request = RequestFactory().post("/x", b"{}", content_type="application/json")
    before = time.monotonic()
    Reception(lambda _: HttpResponse())(request)
    assert before <= received_at(request) <= time.monotonic()
    assert request.body == b"{}"


class Gone:
    """What a server hands over for the body of a client that has hung up."""

    def read(self, size: int) -> bytes:
        raise OSError("connection lost")

    readline = read


def test_a_client_that_is_gone_is_no_fault_of_ours() -> None:
    gone: Any = {"wsgi.input": Gone(), "CONTENT_LENGTH": "5"}
    request = RequestFactory().post("/x", b"", content_type="application/json", **gone)
    assert Reception(lambda _: HttpResponse("never"))(request).status_code == 400


@pytest.mark.parametrize("path", ["/x", "/admin/x"])
def test_a_body_that_is_refused_is_passed_over_as_far_as_its_bound(settings: Settings, path: str) -> None:
    settings.API_MAX_BODY_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    reception = Reception(lambda _: HttpResponse("never"))
    for sent, left in ((1001, 0), (17_000, 1000)):
        comes: Any = {"wsgi.input": BytesIO(b"x" * sent), "CONTENT_LENGTH": str(sent)}
        assert reception(RequestFactory().generic("POST", path, **comes)).status_code == 413
        assert len(comes["wsgi.input"].read()) == left


def test_where_others_send_already_a_refused_body_is_left_where_it_is(settings: Settings) -> None:
    settings.API_MAX_BODY_BYTES, settings.API_BODIES_AT_ONCE = 1000, 0
    comes: Any = {"wsgi.input": BytesIO(b"x" * 2000), "CONTENT_LENGTH": "2000"}
    answer = Reception(lambda _: HttpResponse("never"))(RequestFactory().generic("POST", "/x", **comes))
    assert answer.status_code == 413
    assert len(comes["wsgi.input"].read()) == 2000
