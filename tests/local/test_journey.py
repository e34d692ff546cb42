"""The job that `make up` and `make smoke` drive, against a server that answers like ours."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from docker.local import StackError
from docker.local.journey import Client, drive_job
from docker.local.model import settings_of
from docker.local.up import DEMO_PASSWORD, DEMO_USER, DEMO_USERS
from heimdall_project.accounts import demo

type Serve = Callable[..., Client]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts an API whose job passes through the given states, one a look."""
    servers: list[ThreadingHTTPServer] = []

    def start(*states: str, sent: str = "right") -> Client:
        left = list(states)

        class Api(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(202 if b"log_content" in body else 400, {"analysis_id": 7})

            def do_GET(self) -> None:
                self.answer(200, {"status": left.pop(0) if len(left) > 1 else left[0]})

            def answer(self, status: int, body: dict[str, object]) -> None:
                allowed = self.headers["Authorization"] == "Basic ZGVtbzpyaWdodA=="  # demo:right
                self.send_response(status if allowed else 401)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *words: object) -> None:
                """Stay silent."""

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Api))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return Client(f"http://127.0.0.1:{servers[-1].server_port}", "demo", sent)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_job_is_followed_until_it_succeeded(serve: Serve) -> None:
    assert "job 7 SUCCEEDED" in drive_job(serve("PENDING", "RUNNING", "SUCCEEDED"))


def test_a_smoke_job_with_a_model_says_which_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MODEL_NAME", "MODEL_TIMEOUT", "MODEL_DEADLINE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(StackError, match="MODEL_NAME"):
        settings_of("http://127.0.0.1:9/v1")
    monkeypatch.setenv("MODEL_NAME", "m")
    monkeypatch.setenv("MODEL_TIMEOUT", "45")
    chosen = settings_of("http://127.0.0.1:9/v1")
    assert chosen["ANALYSIS_PROVIDER"] == "openai" and chosen["MODEL_URL"] == "http://127.0.0.1:9/v1"
    assert chosen["MODEL_DEADLINE"] == "90"


def test_a_failed_job_is_an_error(serve: Serve) -> None:
    with pytest.raises(StackError, match="job 7 ended FAILED"):
        drive_job(serve("QUEUED", "FAILED"))


def test_a_job_that_hangs_is_an_error_with_its_last_state(serve: Serve) -> None:
    with pytest.raises(StackError, match="still QUEUED"):
        drive_job(serve("QUEUED"), timeout=0.3)


def test_a_refusal_is_an_error_with_its_status(serve: Serve) -> None:
    with pytest.raises(StackError, match="answered 401"):
        drive_job(serve("SUCCEEDED", sent="wrong"))


def test_the_accounts_that_make_up_names_are_those_that_are_seeded() -> None:
    assert set(DEMO_USERS) == set(demo.USERNAMES)
    assert DEMO_USER in DEMO_USERS and DEMO_PASSWORD == demo.PASSWORD


def test_a_server_that_is_not_there_is_an_error() -> None:
    with pytest.raises(StackError, match="failed"):
        drive_job(Client("http://127.0.0.1:9", "demo", "right"))
