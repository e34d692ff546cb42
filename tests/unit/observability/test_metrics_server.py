"""What a worker tells over HTTP."""

import urllib.request
from collections.abc import Iterator
from urllib.error import HTTPError

import pytest

from heimdall_project.observability.metrics_server import MetricsServer, serve


class Worker:
    """A worker whose loop turns or not."""

    alive = True

    def live(self) -> tuple[bool, str]:
        """As the server asks."""
        return self.alive, "running"


@pytest.fixture
def worker() -> Worker:
    """One that turns."""
    return Worker()


@pytest.fixture
def server(worker: Worker) -> Iterator[MetricsServer]:
    """A server on a free port."""
    server = serve(0, worker.live)
    yield server
    server.shutdown()
    server.server_close()


def get(server: MetricsServer, path: str) -> tuple[int, str]:
    """Status and body."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_metrics_are_given_in_the_text_format(server: MetricsServer) -> None:
    status, body = get(server, "/metrics")
    assert status == 200 and "# TYPE heimdall_in_hand gauge" in body


def test_livez_follows_the_loop(server: MetricsServer, worker: Worker) -> None:
    assert get(server, "/livez") == (200, '{"status": "ok", "state": "running"}')
    worker.alive = False
    assert get(server, "/livez")[0] == 503


def test_other_paths_are_a_problem(server: MetricsServer) -> None:
    assert get(server, "/admin")[0] == 404


def test_a_taken_port_is_an_error_and_not_silence(server: MetricsServer, worker: Worker) -> None:
    with pytest.raises(OSError, match="in use"):
        serve(server.server_port, worker.live)
