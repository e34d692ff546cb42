"""Carries faults out: what begins and what ends each of them."""

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

from docker.local import Service
from tests.faults.guests import guests
from tests.faults.wire_cutter import Break
from tests.faults.writers import VIEWS, WRITER

from .kinds import Party
from .plant import Plant
from .schedule import Fault

REFUSALS: dict[str, dict[str, str | int]] = {
    "clickhouse-too-many-parts": {"parts_to_throw_insert": 1},
    "clickhouse-no-memory": {"max_memory_usage": 1000, "max_untracked_memory": 1},
    "clickhouse-disk-full": {"min_free_disk_bytes_to_perform_insert": 10**15},
    "clickhouse-read-only": {"readonly": 2},
    "clickhouse-other-password": {"password": "other"},
}
BREAKS = {
    "insert-cut": Break.IN_THE_BODY,
    "answer-lost": Break.BEFORE_THE_ANSWER,
    "answer-silent": Break.SILENCE,
    "insert-late": Break.LATE,
}
STOPPING = 60.0
"""Seconds in which a process that was asked to stop has ended; its own budget is less."""

type Act = Callable[[Fault], object]


class Strikes:
    """Begins and ends faults. What goes otherwise than it must raises, mostly AssertionError or OSError."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._asleep: dict[Party, int] = {}
        self._visitors = ExitStack()
        self._acts: dict[str, tuple[Act, Act]] = {
            **self._of_writers(),
            **self._of_servers(),
            **dict.fromkeys(REFUSALS, (self._refuse, lambda _: plant.servers.clickhouse.configure())),
            **dict.fromkeys(BREAKS, (self._break, lambda _: plant.wire.let_through())),
            "postgres-cut": (lambda _: plant.postgres_wire.cut(), lambda _: plant.postgres_wire.mend()),
            "redis-cut": (lambda _: plant.redis_wire.cut(), lambda _: plant.redis_wire.mend()),
            "guests": (self._invite, self._see_off),
            "door-killed": (lambda _: plant.kill_door(), lambda _: plant.start_door()),
            "door-stopped": (lambda _: _stop(plant.door.process), lambda _: plant.start_door()),
        }

    def begin(self, fault: Fault) -> None:
        """Let it happen."""
        self._acts[fault.kind.name][0](fault)

    def end(self, fault: Fault) -> None:
        """Let it be over, however it began."""
        self._acts[fault.kind.name][1](fault)

    def _of_writers(self) -> dict[str, tuple[Act, Act]]:
        plant, again = self._plant, lambda _: self._plant.start_writer()
        return {
            "writer-killed": (lambda _: os.kill(plant.writer_pid(), signal.SIGKILL), _nothing),
            "writer-machine-killed": (lambda _: plant.kill_writer_and_supervisor(), again),
            "writer-stopped": (lambda _: _stop(plant.writer.process), again),
            "writer-frozen": (self._freeze, self._wake),
            "writer-dozing": (self._freeze, self._wake),
            "other-writer-frozen": (self._freeze, self._wake),
        }

    def _of_servers(self) -> dict[str, tuple[Act, Act]]:
        servers = self._plant.servers
        named: dict[str, Service] = {
            "clickhouse": servers.clickhouse,
            "kafka": servers.kafka,
            "postgres": servers.postgres,
        }
        acts: dict[str, tuple[Act, Act]] = {}
        for name, server in named.items():
            acts[f"{name}-killed"] = (_on(server.kill), _on(server.start))
            acts[f"{name}-frozen"] = (_on(server.freeze), _on(server.thaw))
            acts[f"{name}-restarted"] = (_on(server.restart), _nothing)
        return acts

    def _freeze(self, fault: Fault) -> None:
        is_other = fault.kind.party is Party.OTHER_WRITER
        pid = self._plant.other.process.pid if is_other else self._plant.writer_pid()
        os.kill(pid, signal.SIGSTOP)
        self._asleep[fault.kind.party] = pid

    def _wake(self, fault: Fault) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._asleep.pop(fault.kind.party), signal.SIGCONT)

    def _refuse(self, fault: Fault) -> None:
        self._plant.servers.clickhouse.configure(**REFUSALS[fault.kind.name])  # type: ignore[arg-type]

    def _break(self, fault: Fault) -> None:
        self._plant.wire.break_next(*[BREAKS[fault.kind.name]] * fault.strength)

    def _invite(self, fault: Fault) -> None:
        self._visitors = ExitStack()
        self._seen = self._visitors.enter_context(guests(self._plant.place, WRITER, topic=VIEWS))

    def _see_off(self, fault: Fault) -> None:
        self._visitors.close()
        self._plant.guests.visits += self._seen.visits
        assert self._seen.visits, "no guest was given a partition"


def _stop(process: "subprocess.Popen[Any]") -> None:
    """Ask a process to stop, which it must do in order."""
    process.send_signal(signal.SIGTERM)
    code = process.wait(STOPPING)
    assert code == 0, f"it ended with {code} when it was asked to stop"


def _on(verb: Callable[[], object]) -> Act:
    return lambda _: verb()


def _nothing(_: Fault) -> None:
    """It is over already."""
