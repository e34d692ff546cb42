"""How many jobs a second the HTTP door takes: granian as `make up` starts it, clients that stay connected."""

import base64
import http.client
import json
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.job_rows import LOG, owner
from benchmarks.job_sides import running, until

CLIENTS = 8
PASSWORD = "bench-password-1"  # noqa: S105 - of a database that lives for minutes
BODY = json.dumps({"log_content": LOG, "service_name": "orders", "environment": "bench"})


def http_rate(count: int) -> float:
    """Accepted requests a second."""
    user = owner()
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    granian = str(Path(sys.executable).with_name("granian"))
    options = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--no-access-log"]
    door = [
        "--interface",
        "wsgi",
        "--http",
        "1",
        "--blocking-threads",
        "96",
        "heimdall_project.wsgi:application",
    ]
    with running(granian, *options, *door):
        until(lambda: answers(port))
        with ThreadPoolExecutor(CLIENTS) as pool:
            submit_over(port, 3)
            begun = time.monotonic()
            sent = sum(pool.map(lambda _: submit_over(port, count // CLIENTS), range(CLIENTS)))
            return sent / (time.monotonic() - begun)


def answers(port: int) -> bool:
    """Whether it listens."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def submit_over(port: int, count: int) -> int:
    """Send so many requests over one connection."""
    secret = base64.b64encode(f"bench:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {secret}", "Content-Type": "application/json"}
    client = http.client.HTTPConnection("127.0.0.1", port)
    for _ in range(count):
        client.request("POST", "/api/v1/analysis/request", BODY, headers)
        response = client.getresponse()
        body = response.read()
        assert response.status == 202, body
    return count
