"""Health of a container, by what its process can tell.

A door answers `/livez` on `HEALTH_PORT` (8000). Workers touch a file each in `HEIMDALL_HEARTBEAT_DIR` while
their loops turn, and take it away when they end: a file that nobody touched for long is a loop that hangs. A
worker that stopped on purpose has no file, and is no failed container.
"""

import os
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

PATIENCE = 240.0
"""Seconds; twice the longest that one step of a loop may take, and more than the watchdog waits."""


def main() -> int:
    """0 if the container is well."""
    if not (directory := os.environ.get("HEIMDALL_HEARTBEAT_DIR")):
        return 0 if _answers(int(os.environ.get("HEALTH_PORT", "8000"))) else 1
    stuck = _stuck(Path(directory))
    sys.stdout.write(f"stuck: {', '.join(stuck)}\n" if stuck else "all loops turn\n")
    return 1 if stuck else 0


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/livez", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False


def _stuck(directory: Path) -> list[str]:
    files = sorted(directory.iterdir()) if directory.is_dir() else []
    return [path.name for path in files if time.time() - _touched(path) > PATIENCE]


def _touched(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()  # its worker ended just now


if __name__ == "__main__":
    sys.exit(main())
