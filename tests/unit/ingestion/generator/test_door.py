"""Records by HTTP, against a door on a real socket that answers as it is told."""

import base64
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from heimdall_project.errors import InvalidMessage
from heimdall_project.events import codec
from heimdall_project.events.page_views import PageView
from heimdall_project.streams.testing import FakeClock
from ingestion.generator.blocks import Made, Maker
from ingestion.generator.door import PATH, HttpSink
from ingestion.generator.options import Faults
from ingestion.generator.running import Answer
from ingestion.generator.truth import Fate

from .wanted import options

type Reply = tuple[int, dict[str, str], object]


class Door:
    """Notes what came, and answers with what `script` says; then as the intake does where all is well."""

    def __init__(self) -> None:
        self.bodies: list[list[bytes]] = []
        self.headers: list[dict[str, str]] = []
        self.script: list[Callable[[list[bytes]], Reply | None]] = []
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                lines = [line for line in body.split(b"\n") if line.strip()]
                door.bodies.append(lines)
                door.headers.append({**dict(self.headers), "path": self.path})
                reply = (door.script.pop(0) if door.script else accepting)(lines)
                if reply is None:
                    self.close_connection = True
                    return
                status, headers, said = reply
                text = json.dumps(said).encode()
                self.send_response(status)
                for name, value in (headers | {"Content-Length": str(len(text))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


def fits(line: bytes) -> bool:
    try:
        codec.decode_strict(PageView, line)
    except InvalidMessage:
        return False
    return True


def accepting(lines: list[bytes]) -> Reply:
    items = [{"index": n, "status": "accepted" if fits(line) else "invalid"} for n, line in enumerate(lines)]
    return 202, {}, {"items": items}


def says(status: int, *statuses: str, **headers: str) -> Callable[[list[bytes]], Reply]:
    def reply(lines: list[bytes]) -> Reply:
        items = [{"index": n, "status": each} for n, each in enumerate(statuses)]
        return status, headers, {"title": "T", "detail": "d"} | ({"items": items} if items else {})

    return reply


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(0.0)


@pytest.fixture
def sink(door: Door, clock: FakeClock) -> Iterator[HttpSink]:
    made = sink_to(door.url, clock)
    yield made
    made.close()


def sink_to(url: str, clock: FakeClock) -> HttpSink:
    return HttpSink(url, user="ada", password="pw", give_up=120.0, clock=clock, pause=clock.advance)


def good(count: int) -> list[Made]:
    return list(Maker(options(count=count, faults=Faults())))


def test_records_go_as_lines_by_one_connection_with_the_callers_name(door: Door, sink: HttpSink) -> None:
    records = good(1200)
    answer = sink.send(records)
    assert answer == Answer([Fate.ACKED] * 1200)
    assert [len(body) for body in door.bodies] == [500, 500, 200]
    assert [line for body in door.bodies for line in body] == [made.value for made in records]
    login = base64.b64encode(b"ada:pw").decode()
    assert {(each["path"], each["Authorization"], each["Content-Type"]) for each in door.headers} == {
        (PATH, f"Basic {login}", "application/x-ndjson")
    }


def test_poison_is_refused_record_by_record_and_empty_ones_are_not_sent(door: Door, sink: HttpSink) -> None:
    records = list(Maker(options(count=400, faults=Faults(poison=0.5))))
    answer = sink.send(records)
    assert answer.fates == [Fate.REFUSED if made.original < 0 else Fate.ACKED for made in records]
    assert sum(map(len, door.bodies)) == sum(made.fault != "empty" for made in records)
    assert max(sum(map(len, body)) for body in door.bodies) < 1_100_000


def test_a_door_that_is_busy_is_asked_again_when_it_says(
    door: Door, sink: HttpSink, clock: FakeClock
) -> None:
    door.script = [says(429, **{"Retry-After": "7"})]
    assert sink.send(good(3)) == Answer([Fate.ACKED] * 3)
    assert clock.now() == 7.0 and len(door.bodies) == 2


def test_only_what_was_not_accepted_is_sent_again_and_what_is_unknown_may_be_there_twice(
    door: Door, sink: HttpSink
) -> None:
    records = good(4)
    door.script = [says(503, "accepted", "unknown", "refused", "invalid", **{"Retry-After": "1"})]
    assert sink.send(records) == Answer([Fate.ACKED, Fate.ACKED, Fate.ACKED, Fate.REFUSED], 1)
    assert door.bodies[1] == [made.value for made in records[1:3]]


@pytest.mark.parametrize("reply", [lambda lines: None, says(500), says(503), says(502)])
def test_where_no_answer_came_everything_may_be_there_twice(
    door: Door, sink: HttpSink, reply: Callable[[list[bytes]], Reply | None]
) -> None:
    door.script = [reply]
    assert sink.send(good(3)) == Answer([Fate.ACKED] * 3, 3)


def test_a_door_that_stays_busy_is_left_after_two_minutes(
    door: Door, sink: HttpSink, clock: FakeClock
) -> None:
    door.script = [says(429)] * 100
    answer = sink.send(good(1200))
    assert answer == Answer([Fate.UNSENT] * 1200, 0, "429 T: d")
    assert 120 <= clock.now() < 135


def test_a_door_that_never_answers_leaves_records_unknown(door: Door, sink: HttpSink) -> None:
    door.script = [says(503)] * 100
    answer = sink.send(good(501))
    assert answer.fates == [Fate.UNKNOWN] * 500 + [Fate.UNSENT]
    assert answer.extra > 0 and answer.trouble == "503 T: d"


def test_nobody_there_means_nothing_was_sent(clock: FakeClock) -> None:
    door = Door()
    door.server.shutdown()
    door.server.server_close()
    answer = sink_to(door.url, clock).send(good(2))
    assert answer.fates == [Fate.UNSENT] * 2 and answer.extra == 0
    assert answer.trouble.startswith("nobody can be reached")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 415])
def test_a_request_that_is_wrong_as_a_whole_is_not_sent_again(
    door: Door, sink: HttpSink, status: int
) -> None:
    door.script = [says(status)]
    door.script.insert(0, accepting)
    answer = sink.send(good(501))
    assert answer.fates == [Fate.ACKED] * 500 + [Fate.UNSENT]
    assert (answer.trouble, answer.is_hopeless) == (
        f"the door refuses the whole request: {status} T: d",
        True,
    )
    assert len(door.bodies) == 2


def test_an_answer_that_is_no_json_is_told_by_its_status(door: Door, sink: HttpSink) -> None:
    door.script = [lambda lines: (404, {}, [])]
    assert sink.send(good(1)).trouble == "the door refuses the whole request: 404 Not Found"


@pytest.mark.parametrize("url", ["ftp://x", "http://", "127.0.0.1:80", "http://ada:pw@127.0.0.1"])
def test_an_address_that_is_none_is_refused(url: str, clock: FakeClock) -> None:
    with pytest.raises(ValueError, match="http://host:port"):
        sink_to(url, clock)
