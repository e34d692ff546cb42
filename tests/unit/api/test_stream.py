"""The stream door: who comes in, what flows, and how it ends."""

import asyncio
import json
from collections.abc import Iterator, Sequence

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory
from pytest_django import Settings

from heimdall_project.accounts.models import User
from heimdall_project.api import stream
from heimdall_project.api.stream import Event, Feed, Fetched, entry, routes
from heimdall_project.api.stream.door import StreamDoor
from heimdall_project.errors import NotFound
from tests.unit.api.asgi import Connection, in_loop


class Notes(Feed):
    """A feed out of a list, with the faults that a database has."""

    def __init__(self, notes: Sequence[str] = (), *, over: bool = False, faults: int = 0) -> None:
        self.notes, self.over, self.faults = list(notes), over, faults
        self.asked: list[str | None] = []

    def fetch(self, last_id: str | None) -> Fetched:
        """Notes behind the last one seen."""
        self.asked.append(last_id)
        if self.faults:
            self.faults -= 1
            raise OperationalError("postgres://heimdall:hunter2@db")
        seen = int(last_id or 0)
        fresh = [Event(str(n), "note", {"text": text}) for n, text in enumerate(self.notes, 1) if n > seen]
        return Fetched(fresh, over=self.over)


@pytest.fixture
def notes() -> Notes:
    """What the route below tells; a test may change it while a client listens."""
    return Notes()


@pytest.fixture(autouse=True)
def door_with_notes(notes: Notes, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[None]:
    """A route `notes/<int:number>`, open to everybody; number 404 is missing."""

    def open_notes(user: User, number: int) -> Feed:
        if number == 404:
            raise NotFound("There are no such notes.")
        if number == 500:
            raise RuntimeError("hunter2")
        return notes

    settings.STREAM_POLL, settings.STREAM_HEARTBEAT = 0.01, 0.05
    monkeypatch.setattr(entry, "user_of", lambda _: User(username="vera"))
    monkeypatch.setattr("heimdall_project.api.stream.pump.FIRST_WAIT", 0.05)
    stream.register("notes/<int:number>", open_notes)
    yield
    routes.forget("notes/<int:number>")


def test_events_come_with_their_ids_and_the_head_forbids_buffering(notes: Notes) -> None:
    notes.notes = ["one", "two"]

    async def scenario() -> None:
        client = Connection(StreamDoor(), "/stream/notes/1")
        await client.until(lambda: b'id: 2\nevent: note\ndata: {"text":"two"}\n\n' in client.body)
        assert client.body.startswith(b'retry: 2000\n\nid: 1\nevent: note\ndata: {"text":"one"}\n\n')
        assert client.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert client.headers["x-accel-buffering"] == "no" and client.headers["x-request-id"]
        await client.leave()

    in_loop(scenario)


@pytest.mark.parametrize(
    "asked", [{"path": "/stream/notes/1", "last_event_id": "1"}, {"path": "/stream/notes/1?last_event_id=1"}]
)
def test_a_client_that_comes_back_gets_only_what_it_missed(notes: Notes, asked: dict[str, str]) -> None:
    notes.notes = ["one", "two"]

    async def scenario() -> None:
        client = Connection(StreamDoor(), **asked)
        await client.until(lambda: b"two" in client.body)
        assert b"one" not in client.body
        await client.leave()

    in_loop(scenario)


def test_news_reach_a_client_that_waits_and_silence_is_filled_with_comments(notes: Notes) -> None:
    async def scenario() -> None:
        client = Connection(StreamDoor(), "/stream/notes/1")
        await client.until(lambda: client.body.count(b": still here\n\n") >= 2)
        notes.notes.append("late")
        await client.until(lambda: b"late" in client.body)
        await client.leave()

    in_loop(scenario)


def test_a_source_that_is_over_says_so_and_one_that_was_over_before_answers_204(notes: Notes) -> None:
    notes.notes, notes.over = ["one"], True

    async def scenario() -> None:
        first = await Connection(StreamDoor(), "/stream/notes/1").answer()
        assert first.status == 200 and first.body.endswith(b"event: end\ndata: {}\n\n")
        again = await Connection(StreamDoor(), "/stream/notes/1", last_event_id="1").answer()
        assert (again.status, again.body) == (204, b"")

    in_loop(scenario)


def test_a_lost_database_is_told_without_its_address_and_the_stream_goes_on(notes: Notes) -> None:
    notes.notes, notes.faults = ["one"], 2

    async def scenario() -> None:
        client = Connection(StreamDoor(), "/stream/notes/1", last_event_id="0")
        await client.until(lambda: b"one" in client.body)
        told = [line for line in client.body.decode().splitlines() if line.startswith("event: ")]
        assert told == ["event: trouble", "event: recovered", "event: note"]
        assert b"hunter2" not in client.body and notes.asked[:3] == ["0", "0", "0"]
        await client.leave()

    in_loop(scenario)


def test_too_many_clients_are_told_to_come_later_and_a_leaving_one_makes_room(settings: Settings) -> None:
    settings.STREAM_MAX_CLIENTS = 1

    async def scenario() -> None:
        door = StreamDoor()
        first = Connection(door, "/stream/notes/1")
        await first.until(lambda: first.status)
        refused = await Connection(door, "/stream/notes/1").answer()
        assert (refused.status, refused.headers["retry-after"]) == (503, "2")
        assert refused.headers["content-type"] == "application/problem+json"
        await first.leave()
        assert door.slots.open == 0

    in_loop(scenario)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/stream/nothing", 404), ("/stream/notes/404", 404), ("/stream/notes/500", 500), ("/api/v1/jobs", 421)],
)
def test_what_cannot_be_streamed_is_a_problem(path: str, status: int) -> None:
    async def scenario() -> None:
        door = StreamDoor()
        answer = await Connection(door, path, x_request_id="r-7").answer()
        body = json.loads(answer.body)
        assert (answer.status, body["status"], body["request_id"]) == (status, status, "r-7")
        assert "hunter2" not in answer.body.decode() and door.slots.open == 0

    in_loop(scenario)


def test_without_credentials_the_answer_is_401_with_a_challenge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    async def scenario() -> None:
        answer = await Connection(StreamDoor(), "/stream/notes/1").answer()
        assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Basic realm="heimdall"')

    in_loop(scenario)


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://127.0.0.1:8000", 200), ("http://127.0.0.1", 200), ("http://evil.example", 403), ("null", 403)],
)
def test_only_pages_of_known_origins_may_listen(settings: Settings, origin: str, status: int) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["http://127.0.0.1:8000"]

    async def scenario() -> None:
        client = Connection(StreamDoor(), "/stream/notes/1", origin=origin)
        await client.until(lambda: client.status)
        allowed = client.headers.get("access-control-allow-origin")
        assert (client.status, allowed) == (status, origin if origin.endswith(":8000") else None)
        await client.leave()

    in_loop(scenario)


def test_a_preflight_and_a_foreign_method_and_host_are_answered(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["http://127.0.0.1:8000"]

    async def scenario() -> None:
        door = StreamDoor()
        preflight = Connection(door, "/stream/notes/1", "OPTIONS", origin="http://127.0.0.1:8000")
        assert (await preflight.answer()).headers["access-control-allow-credentials"] == "true"
        assert (await Connection(door, "/stream/notes/1", "POST").answer()).status == 405
        assert (await Connection(door, "/stream/notes/1", host="evil.example").answer()).status == 400

    in_loop(scenario)


def test_the_index_names_the_streams_and_the_door_tells_that_it_lives() -> None:
    async def scenario() -> None:
        door = StreamDoor()
        index = await Connection(door, "/stream/").answer()
        assert "notes/<int:number>" in json.loads(index.body)["streams"]
        assert (await Connection(door, "/livez").answer()).status == 200
        assert b"heimdall_stream_clients" in (await Connection(door, "/metrics").answer()).body

    in_loop(scenario)


def test_a_stream_ends_when_the_door_closes_or_its_time_is_over(settings: Settings) -> None:
    async def scenario() -> None:
        door = StreamDoor()
        client = Connection(door, "/stream/notes/1")
        await client.until(lambda: client.status)
        door.stopping.set()
        await client.answer()
        settings.STREAM_MAX_AGE = 0.1
        await Connection(StreamDoor(), "/stream/notes/1").answer()
        assert door.slots.open == 0

    in_loop(scenario)


def test_the_life_of_the_server_is_answered() -> None:
    async def scenario() -> None:
        door, sent, messages = StreamDoor(), [], asyncio.Queue[dict[str, str]]()
        for kind in ("lifespan.startup", "lifespan.shutdown"):
            messages.put_nowait({"type": kind})

        async def send(message: object) -> None:
            sent.append(message)

        await door({"type": "lifespan"}, messages.get, send)
        assert sent == [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]
        assert door.stopping.is_set()

    in_loop(scenario)


def test_a_route_can_be_taken_once() -> None:
    with pytest.raises(ValueError, match="registered twice"):
        stream.register("notes/<int:number>", lambda user, number: Notes())


@pytest.mark.parametrize("broken", ["a\nb", "a\rb", "a\0b"])
def test_an_id_with_a_line_break_cannot_forge_an_event(broken: str) -> None:
    from heimdall_project.api.stream.events import frame

    with pytest.raises(ValueError, match="one line"):
        frame(Event(broken, "note", {}))


@pytest.mark.parametrize(
    ("configured", "host", "expected"),
    [
        ("", "127.0.0.1:8000", "/stream/notes/1"),
        ("http://127.0.0.1:8001", "127.0.0.1:8000", "http://127.0.0.1:8001/stream/notes/1"),
        ("http://127.0.0.1:8001", "localhost:8000", "http://localhost:8001/stream/notes/1"),
        ("http://127.0.0.1:8001", "[::1]:8000", "http://[::1]:8001/stream/notes/1"),
        ("https://stream.example", "127.0.0.1:8000", "https://stream.example/stream/notes/1"),
    ],
)
def test_a_page_finds_the_door_under_the_host_name_that_its_cookies_go_to(
    settings: Settings, configured: str, host: str, expected: str
) -> None:
    settings.STREAM_URL = configured
    assert stream.public_url(RequestFactory().get("/", headers={"host": host}), "notes/1") == expected


def test_the_web_door_names_the_door_of_the_streams(settings: Settings) -> None:
    settings.STREAM_URL = "http://127.0.0.1:8001"
    response = Client().get("/stream/notes/1")
    assert response.status_code == 421
    assert "http://127.0.0.1:8001" in json.loads(response.content)["detail"]
