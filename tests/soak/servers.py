"""Servers of a soak's own, on free ports with their data below a directory that is gone afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from docker.local import ClickHouse, Instance, Kafka, Postgres, Redis, private_instance

PROFILE = {
    "DJANGO_SETTINGS_MODULE": "heimdall_project.settings",
    "DEBUG": "false",
    "SECRET_KEY": "a-key-for-a-soak-only-that-is-long-and-random-enough-0123456789",
    "ALLOWED_HOSTS": "localhost,127.0.0.1",
    "COOKIE_SECURE": "false",
    "KAFKA_TOPIC_PREFIX": "soak.",
    "KAFKA_GROUP_PREFIX": "soak.",
    "LOG_FORMAT": "console",
    "LOG_LEVEL": "WARNING",
    "HEIMDALL_METRICS_PORT": "0",
    "KAFKA_SESSION_TIMEOUT": "6",
    "WRITER_INSERT_TIMEOUT": "4",
    "WRITER_BATCH_ROWS": "1000",
    "WRITER_MAX_BUFFER": "4000",
    "WORKER_HEARTBEAT": "1",
    "WORKER_RESTART_BACKOFF": "0.2",
    "WORKER_RESTART_CEILING": "2",
}
"""Shorter waits than the defaults, so that a fault of seconds outlasts them; less room, so that a writer
reaches its bounds in the first minutes, and what grows later is a leak. All else as it is shipped."""


@dataclass(frozen=True)
class Servers:
    """One of each."""

    instance: Instance
    kafka: Kafka
    postgres: Postgres
    redis: Redis
    clickhouse: ClickHouse

    def environment(self) -> dict[str, str]:
        """Where they are, and the profile."""
        return self.instance.environment() | PROFILE


@contextmanager
def running_servers() -> Iterator[Servers]:
    """All four, started; destroyed at the end of the block, frozen or not."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heimdall-soak-", dir="/var/tmp")))
        made = private_instance(home)
        servers = Servers(made, Kafka(made), Postgres(made), Redis(made), ClickHouse(made))
        all_of_them = (servers.kafka, servers.postgres, servers.redis, servers.clickhouse)
        for each in all_of_them:
            stack.callback(each.destroy)
            each.launch()
        for each in all_of_them:
            each.wait_ready()
        yield servers
