"""Relays as processes of their own, for tests that kill and freeze them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

from heimdall_project.streams.models import RelayLease

STOP_BUDGET = 15


class RelayProcess:
    """`run_consumer outbox-relay` on the database and topics of the test."""

    def __init__(self, log: Path, *, crash_at: str = "") -> None:
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "run_consumer", "outbox-relay"],
                cwd=settings.BASE_DIR,
                env=_environment(crash_at),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def leads(self) -> bool:
        """Whether the lease names this process."""
        row = RelayLease.objects.first()
        return row is not None and f":{self._process.pid}:" in row.holder

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def freeze(self) -> None:
        """Stop it in the middle of whatever it does."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as if the machine had died."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Ask it to stop; answers its exit code."""
        self._process.terminate()
        return self._process.wait(STOP_BUDGET)

    def wait(self) -> int:
        """Its exit code, once it has ended by itself."""
        return self._process.wait(STOP_BUDGET)


@contextmanager
def relay_process(directory: Path, *, crash_at: str = "") -> Iterator[RelayProcess]:
    """A relay that is gone when the block ends."""
    number = len(list(directory.glob("relay-*.log")))
    process = RelayProcess(directory / f"relay-{number}.log", crash_at=crash_at)
    try:
        yield process
    finally:
        process.kill()


def _environment(crash_at: str) -> dict[str, str]:
    url = f"postgres://heimdall:heimdall@{settings.DATABASES['default']['HOST']}"
    return {
        **os.environ,
        "DATABASE_URL": f"{url}:{settings.DATABASES['default']['PORT']}/{connection.settings_dict['NAME']}",
        "KAFKA_TOPIC_PREFIX": settings.KAFKA_TOPIC_PREFIX,
        "KAFKA_BOOTSTRAP_SERVERS": settings.KAFKA_BOOTSTRAP_SERVERS,
        "HEIMDALL_METRICS_PORT": "0",
        "HEIMDALL_CRASH_AT": crash_at,
        "DEBUG": "true" if crash_at else "false",  # a crash point is refused elsewhere
        "LOG_LEVEL": "INFO",
    }
