"""What a soak runs: two writers, a web door, two generators; and the wires to their servers."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from confluent_kafka import Consumer, TopicPartition

from docker.local.process import descendants
from heimdall_project.streams import topics
from heimdall_project.streams.records import Partition
from tests.faults.guests import Guests
from tests.faults.senders import sender_account
from tests.faults.wire_cutter import WireCutter, wire_to
from tests.faults.writers import VIEWS, WRITER, Writers
from tests.integration.platform.doors import WEB, Door, door, free_port
from tests.integration.platform.proxy import Proxy, proxied
from tests.people import PASSWORD
from tests.probe_workers.harness import ROOT, RunConsumer, eventually

from .servers import Servers

FAULTS = "dup=0.02,restamp=0.02,conflict=0.005,poison=0.02,late=0.02,future=0.005,no_id=0.1"
BEFOREHAND = 120.0
"""Seconds in which the backlog is sent."""
RESUMED = 3
"""How often what a generator left in a file is sent again."""


@dataclass
class Place(Writers):
    """The writers' world, whose processes reach their servers by way of wires that can be cut."""

    through: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What its processes need to know."""
        return dict(self.through)

    @cached_property
    def _reader(self) -> Consumer:
        return Consumer({"bootstrap.servers": self.bootstrap, "group.id": "reader", "log_level": 0})

    def committed(self, worker: str, topic: str = VIEWS) -> dict[Partition, int]:
        """Committed offsets of the writers' group, by a client that never joins it."""
        name = topics.physical(topic)
        places = [TopicPartition(name, number) for number in range(topics.spec(topic).partitions)]
        answers = self._looker.committed(places, timeout=10)
        return {Partition(topic, each.partition): each.offset for each in answers if each.offset >= 0}

    @cached_property
    def _looker(self) -> Consumer:
        settings = {"bootstrap.servers": self.bootstrap, "group.id": self.group(WRITER), "log_level": 0}
        return Consumer(settings | {"enable.auto.commit": False})


class Load:
    """A generator as a process, and what it left to be sent again."""

    def __init__(self, name: str, place: Place, arguments: Sequence[str]) -> None:
        self.name, self._place = name, place
        self.truth = place.directory / f"truth-{slug(name)}.json"
        self._log = place.directory / f"generator-{slug(name)}.log"
        self._target = [each for each in arguments if each.startswith("--http")]
        self._process = self._start(*arguments)

    def finish(self, timeout: float) -> int:
        """Its exit code; what was given up is sent again first."""
        code = self._process.wait(timeout)
        for _ in range(RESUMED):
            left = re.findall(r"--resume (\S+)", self._log.read_text())
            if code == 0 or not left:
                break
            self._process = self._start(f"--resume={left[-1]}", "--flat-out", *self._target)
            code = self._process.wait(timeout)
        return code

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()

    def said(self) -> str:
        """The end of what it wrote."""
        return self._log.read_text()[-600:]

    def _start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, str(ROOT / "manage.py"), "generate_events", f"--truth={self.truth}"]
        with self._log.open("a") as log:
            return subprocess.Popen(
                [*command, *arguments],
                cwd=self._place.directory,
                env=os.environ | {"HEIMDALL_USER": "sender", "HEIMDALL_PASSWORD": PASSWORD},
                stdout=log,
                stderr=log,
            )


class Plant:
    """Everything that a fault can befall. The writer `other` and its process are never ended."""

    def __init__(
        self,
        servers: Servers,
        place: Place,
        wire: WireCutter,
        postgres: Proxy,
        redis: Proxy,
        backlog: Load,
    ) -> None:
        self.servers, self.place, self.wire = servers, place, wire
        self.postgres_wire, self.redis_wire, self.backlog = postgres, redis, backlog
        assert backlog.finish(BEFOREHAND) == 0, backlog.said()
        self.guests = Guests()
        self.door_port = free_port()
        self.stack, self._writer_stack, self._door_stack = ExitStack(), ExitStack(), ExitStack()
        self._doors = 0
        # A dead letter that is not acknowledged in time ends a writer, on purpose: this one gives it more
        # time than any broker here is away.
        self.other: RunConsumer = self.stack.enter_context(place.run(WRITER, KAFKA_DELIVERY_TIMEOUT="120"))
        self.stack.callback(lambda: self._writer_stack.close())
        self.stack.callback(lambda: self._door_stack.close())
        self.start_writer()
        self.start_door()

    # --- the writer that may be ended -------------------------------------------------------------------

    def start_writer(self) -> None:
        """A writer below its supervisor."""
        self._writer_stack.close()
        self._writer_stack = ExitStack()
        self.writer: RunConsumer = self._writer_stack.enter_context(self.place.run(WRITER, "--supervise"))

    def writer_pid(self) -> int:
        """The process that writes; waits for one that is being started."""
        return eventually(lambda: descendants(self.writer.process.pid), "a writer below its supervisor")[0]

    def kill_writer_and_supervisor(self) -> None:
        """As if their machine had died."""
        for pid in [self.writer.process.pid, *descendants(self.writer.process.pid)]:
            os.kill(pid, signal.SIGKILL)
        self.writer.process.wait()

    # --- the door ---------------------------------------------------------------------------------------

    def start_door(self) -> None:
        """A web door on the same port as ever."""
        self._door_stack.close()
        self._door_stack, self._doors = ExitStack(), self._doors + 1
        log = self.place.directory / f"web-{self._doors}.log"
        running = door(WEB, port=self.door_port, log=log, **self.place.environment)
        self.door: Door = self._door_stack.enter_context(running)

    def kill_door(self) -> None:
        """It and its workers."""
        os.killpg(self.door.process.pid, signal.SIGKILL)
        self.door.process.wait()

    def close(self) -> None:
        """End all processes."""
        self.stack.close()


@contextmanager
def running_plant(servers: Servers, directory: Path, backlog: Sequence[str]) -> Iterator[Plant]:
    """Tables, topics, an account, wires and processes; gone at the end of the block.

    What `backlog` has generated is in Kafka before writers start.
    """
    urls = {name: os.environ[name] for name in ("DATABASE_URL", "CLICKHOUSE_URL", "KAFKA_BOOTSTRAP_SERVERS")}
    for command in ("migrate", "migrate_clickhouse", "ensure_topics"):
        manage(command)
    sender_account()
    host = "127.0.0.1"
    with (
        wire_to(urls["CLICKHOUSE_URL"]) as (wire, address),
        proxied(host, servers.postgres.port) as postgres,
        proxied(host, servers.redis.port) as redis,
    ):
        through = servers.environment() | {
            "CLICKHOUSE_URL": address,
            "DATABASE_URL": moved(urls["DATABASE_URL"], postgres.port),
            "REDIS_URL": moved(os.environ["REDIS_URL"], redis.port),
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "INFO",
        }
        place = Place(
            directory,
            urls["DATABASE_URL"],
            urls["KAFKA_BOOTSTRAP_SERVERS"],
            clickhouse_url=urls["CLICKHOUSE_URL"],
            through=through,
        )
        plant = Plant(servers, place, wire, postgres, redis, Load("Kafka beforehand", place, backlog))
        try:
            yield plant
        finally:
            servers.postgres.thaw()
            servers.kafka.thaw()
            servers.clickhouse.thaw()
            plant.close()


def slug(name: str) -> str:
    """As part of a file's name."""
    return name.replace(" ", "-")


def manage(*arguments: str) -> tuple[int, str]:
    """A management command on the servers themselves: exit code and what it said."""
    told = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return told.returncode, told.stdout


def moved(url: str, port: int) -> str:
    """The same address behind another port of this machine."""
    parts = urlsplit(url)
    entry, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{entry}{at}127.0.0.1:{port}"))
