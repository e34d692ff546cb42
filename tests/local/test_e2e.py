"""The last container of the end-to-end overlay, against a server that answers like ours."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from docker import e2e

type Serve = Callable[..., None]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts a proxy whose job is in this state, and whose stream door answers with this status."""
    servers: list[ThreadingHTTPServer] = []

    def start(state: str, *, stream: int = 200) -> None:
        class Api(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(202, {"analysis_id": 7})

            def do_GET(self) -> None:
                self.answer(stream if self.path.startswith("/stream/") else 200, {"status": state})

            def answer(self, status: int, body: dict[str, object]) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *words: object) -> None:
                """Stay silent."""

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Api))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("E2E_URL", f"http://127.0.0.1:{servers[-1].server_port}")

    monkeypatch.setattr(e2e, "OPEN_WITHIN", 0.5)
    monkeypatch.setenv("E2E_TIMEOUT", "1")
    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_it_ends_well_if_the_job_succeeded(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    serve("SUCCEEDED")
    assert e2e.main() == 0
    assert "job 7 SUCCEEDED" in capsys.readouterr().out


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED", "QUEUED"])
def test_it_fails_if_the_job_ended_otherwise_or_not_at_all(
    serve: Serve, capsys: pytest.CaptureFixture[str], state: str
) -> None:
    serve(state)
    assert e2e.main() == 1
    assert state in capsys.readouterr().err


def test_it_fails_if_the_stream_door_is_away(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    serve("SUCCEEDED", stream=502)
    assert e2e.main() == 1
    assert "nothing answers" in capsys.readouterr().err
