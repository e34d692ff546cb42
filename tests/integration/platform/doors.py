"""The two doors as real processes, as `granian` serves them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from docker.local.ports import free_ports

GRANIAN = Path(sys.executable).parent / "granian"
START_BUDGET = 60.0
UNREACHABLE = "postgres://heimdall:hunter2@127.0.0.1:1/heimdall"
THREADS = ("--http", "1", "--blocking-threads", "96")
WEB = ("--interface", "wsgi", *THREADS, "heimdall_project.wsgi:application")
STREAM = ("--interface", "asgi", "heimdall_project.asgi:application")


class Door:
    """One server."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port, self.process = port, process
        self.closing = ExitStack()

    def get(self, path: str, **headers: str) -> HTTPResponse:
        """Ask, and come back with status and headers; the body is still to be read."""
        client = HTTPConnection("127.0.0.1", self.port, timeout=30)
        self.closing.callback(client.close)
        client.request("GET", path, headers={name.replace("_", "-"): text for name, text in headers.items()})
        answer = client.getresponse()
        self.closing.callback(answer.close)
        return answer

    def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        """Send JSON; status and parsed body."""
        client = HTTPConnection("127.0.0.1", self.port, timeout=30)
        with closing(client):
            client.request("POST", path, json.dumps(body), {"content-type": "application/json", **headers})
            answer = client.getresponse()
            return answer.status, json.loads(answer.read())

    def json(self, path: str, **headers: str) -> tuple[int, Any, HTTPResponse]:
        """Status, parsed body and the answer."""
        answer = self.get(path, **headers)
        return answer.status, json.loads(answer.read()), answer

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def free_port() -> int:
    """A port that nobody has, and that no client is given until the server has it."""
    return free_ports(1)[0]


@contextmanager
def door(
    kind: tuple[str, ...], *, port: int = 0, log: Path | None = None, **environment: str
) -> Iterator[Door]:
    """A running server with this environment on top of ours; ended at the end. What it says goes to `log`."""
    port = port or free_port()
    command = [str(GRANIAN), "--port", str(port), "--workers", "1", *kind]
    output = ExitStack()
    process = subprocess.Popen(
        command,
        cwd=settings.BASE_DIR,
        env={**os.environ, **environment},
        start_new_session=True,
        stderr=output.enter_context(log.open("w")) if log else None,
    )
    running = Door(port, process)
    try:
        _wait_until_alive(running)
        yield running
    finally:
        running.closing.close()
        output.close()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_until_alive(running: Door) -> None:
    deadline = time.monotonic() + START_BUDGET
    while time.monotonic() < deadline and running.process.poll() is None:
        try:
            if running.get("/livez").status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not come up (exit code {running.process.poll()})")


def this_database(**elsewhere: object) -> str:
    """Where the test database is, for another process; host and port can be those of a proxy."""
    values = {**connection.settings_dict, **elsewhere}
    return "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**values)
