"""What a worker tells over HTTP: `/metrics`, and `/livez` for probes. A daemon thread; no framework."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Thread
from typing import Any

from django.conf import settings

from .exposition import exposition
from .logging import get_logger

log = get_logger(__name__)
type Live = Callable[[], tuple[bool, str]]
"""Whether the worker's loop turns, and what it is doing or why not."""
_REQUEST_TIMEOUT = 5.0


class MetricsServer(ThreadingHTTPServer):
    """Bounded by its callers: probes and one scraper. `server_port` says where it listens."""

    daemon_threads = True

    def __init__(self, port: int, live: Live, host: str) -> None:
        super().__init__((host, port), _Handler)
        self.live = live

    def server_bind(self) -> None:
        """Without the name lookup of `HTTPServer`, which can take seconds and is for CGI scripts."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away; worth a line for who looks for it."""
        log.debug("A metrics request broke", action="metrics_request_failed", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    timeout = _REQUEST_TIMEOUT
    server: MetricsServer

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._answer(200, *exposition())
        elif path == "/livez":
            alive, state = self.server.live()
            body = json.dumps({"status": "ok" if alive else "stuck", "state": state}).encode()
            self._answer(200 if alive else 503, body, "application/json")
        else:
            body = b'{"title": "Not found", "status": 404, "detail": "There are /metrics and /livez."}'
            self._answer(404, body, "application/problem+json")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """No access lines: a scrape every few seconds is no news."""


def serve(port: int, live: Live) -> MetricsServer:
    """Listen on `port` (0: any free one) in the background. Raises OSError where the port is taken.

    `shutdown()` and `server_close()` end it; so does the end of the process.
    """
    server = MetricsServer(port, live, settings.WORKER_METRICS_HOST)
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    log.info("Metrics are served", action="metrics_served", port=server.server_port)
    return server
