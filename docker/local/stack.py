"""All services of an instance together."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .clickhouse import ClickHouse
from .instance import Instance, named_instance
from .kafka import Kafka
from .postgres import Postgres
from .redis import Redis
from .service import Service


@dataclass(frozen=True)
class Stack:
    """Kafka, PostgreSQL, Redis and ClickHouse of one instance."""

    instance: Instance

    @property
    def kafka(self) -> Kafka:
        """The broker of this instance."""
        return Kafka(self.instance)

    @property
    def postgres(self) -> Postgres:
        """The database server of this instance."""
        return Postgres(self.instance)

    @property
    def redis(self) -> Redis:
        """The Redis of this instance."""
        return Redis(self.instance)

    @property
    def clickhouse(self) -> ClickHouse:
        """The ClickHouse of this instance."""
        return ClickHouse(self.instance)

    @property
    def services(self) -> list[Service]:
        """In the order in which they are launched; stopped in reverse."""
        return [self.kafka, self.postgres, self.redis, self.clickhouse]

    def launch(self) -> list[Service]:
        """Start what does not run yet, without waiting; returns what this call started."""
        with self._lock():
            started: list[Service] = []
            try:
                for service in self.services:
                    if service.launch():
                        started.append(service)
            except BaseException:
                stop_all(started)
                raise
            return started

    def start(self) -> list[Service]:
        """Start what does not run yet and wait for all; returns what this call started."""
        started = self.launch()
        try:
            for service in self.services:
                service.wait_ready()
        except BaseException:
            stop_all(started)
            raise
        return started

    def stop(self) -> None:
        """Stop every service of this instance, whoever started it."""
        with self._lock():
            stop_all(self.services)

    def destroy(self) -> None:
        """Kill every service of this instance and delete its data."""
        with self._lock():
            for service in self.services:
                service.destroy()

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One command at a time changes what runs in an instance."""
        self.instance.run.mkdir(parents=True, exist_ok=True)
        with (self.instance.run / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def named_stack(name: str = "dev") -> Stack:
    """The stack of instance ``dev`` or ``test``."""
    return Stack(named_instance(name))


def stop_all(services: list[Service]) -> None:
    """Stop in reverse order of the start."""
    for service in reversed(services):
        service.stop()
