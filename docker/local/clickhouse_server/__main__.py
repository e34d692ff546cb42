"""Run the local ClickHouse: `python -m docker.local.clickhouse_server --port P --data DIR --profile FILE`."""

import argparse
import signal
import threading
from pathlib import Path

from .engine import Engine
from .handler import Server
from .profile import ProfileFile

_LAST_STATEMENTS = 10


def main() -> None:
    """Serve until SIGTERM or SIGINT; then let statements finish and close the engine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--profile", type=Path, required=True)
    chosen = parser.parse_args()
    profile = ProfileFile(chosen.profile)
    engine = Engine(chosen.data)
    engine.ensure_database(profile.current().database)
    server = Server((chosen.host, chosen.port), engine, profile)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    server.wait_idle(_LAST_STATEMENTS)
    engine.close()


if __name__ == "__main__":
    main()
