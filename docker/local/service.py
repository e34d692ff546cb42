"""What the servers have in common here: one recorded, detached process each.

Tests that break servers use these verbs: ``start stop kill freeze thaw restart wait_ready``.
"""

import os
import shutil
import signal
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from . import ports
from .errors import PortTakenError, ServiceFailedError, StackError
from .instance import Instance
from .process import ProcessRecord, end, load_record, record_of, save_record, wait_for

_LOG_BOUND = 20 * 1024 * 1024


class Service(ABC):
    """A server of one instance. The object holds no state: another process finds the same server."""

    name: ClassVar[str]
    ports_used: ClassVar[tuple[str, ...]]  # fields of instance.Ports, the one that clients use first
    stop_signal: ClassVar[int] = signal.SIGTERM
    stop_budget: ClassVar[float] = 20
    ready_budget: ClassVar[float] = 60

    def __init__(self, instance: Instance) -> None:
        self.instance = instance

    @abstractmethod
    def prepare(self) -> None:
        """Make data and configuration ready for a start; repeatable."""

    @abstractmethod
    def command(self) -> list[str]:
        """The command line of the server."""

    def environment(self) -> dict[str, str]:
        """What the server finds in its environment."""
        return server_environment()

    @abstractmethod
    def is_ready(self) -> bool:
        """True if the server does its work for a client now."""

    @property
    def port(self) -> int:
        """The port for clients."""
        return int(getattr(self.instance.ports, self.ports_used[0]))

    @property
    def data(self) -> Path:
        """The directory that reset deletes."""
        return self.instance.home / self.name

    @property
    def log(self) -> Path:
        """Everything the server printed."""
        return self.instance.logs / f"{self.name}.log"

    @property
    def owner(self) -> tuple[int, int] | None:
        """The (uid, gid) to run as; None: whoever started us."""
        return None

    def record(self) -> ProcessRecord | None:
        """The running process of this service, if there is one."""
        return load_record(self._record_path)

    def start(self) -> bool:
        """Start and wait until ready. False if it already ran."""
        launched = self.launch()
        self.wait_ready()
        return launched

    def launch(self) -> bool:
        """Start without waiting. False if it already runs; refuses a port that belongs to others."""
        if running := self.record():
            if running.port != self.port:
                raise StackError(
                    f"{self.name} of instance {self.instance.name} already runs, on port {running.port}, "
                    f"not {self.port}: stop it first (make services-down INSTANCE={self.instance.name})"
                )
            return False
        for field in self.ports_used:
            refuse_taken(self.instance, field)
        self.instance.run.mkdir(parents=True, exist_ok=True)
        self.instance.logs.mkdir(parents=True, exist_ok=True)
        self.prepare()
        save_record(self._record_path, record_of(self._spawn(), self.port))
        return True

    def stop(self) -> None:
        """Let it finish in order; SIGKILL after its budget."""
        if running := self.record():
            end(running, self.stop_signal, self.stop_budget)
            self._wait_released()
        self._record_path.unlink(missing_ok=True)

    def kill(self) -> None:
        """SIGKILL, children included, as if the machine had died under it; data stays as it lies."""
        if running := self.record():
            running.signal_tree(signal.SIGKILL)
            running.wait_gone(10)
            self._wait_released()
        self._record_path.unlink(missing_ok=True)

    def _wait_released(self) -> None:
        # A killed process counts as ended while its last threads still hold its sockets.
        held = [int(getattr(self.instance.ports, field)) for field in self.ports_used]
        wait_for(lambda: not any(ports.is_taken(port) for port in held), 10)

    def freeze(self) -> None:
        """SIGSTOP: connections stay open and nobody answers, like a machine that hangs."""
        if running := self.record():
            running.signal_tree(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT after ``freeze``."""
        if running := self.record():
            running.signal_tree(signal.SIGCONT)

    def restart(self) -> None:
        """Stop in order, start, wait until ready."""
        self.stop()
        self.start()

    def wait_ready(self, timeout: float | None = None) -> None:
        """Wait until ``is_ready``; ServiceFailedError with the last log lines if it ends or stays away."""
        budget = self.ready_budget if timeout is None else timeout
        wait_for(lambda: self.record() is None or self.is_ready(), budget)
        if self.record() is None:
            raise ServiceFailedError(f"{self.name} ended while starting. {self._last_words()}")
        if not self.is_ready():
            raise ServiceFailedError(f"{self.name} was not ready within {budget:g} s. {self._last_words()}")

    def destroy(self) -> None:
        """Kill it and delete its data."""
        self.kill()
        shutil.rmtree(self.data, ignore_errors=True)

    @property
    def _record_path(self) -> Path:
        return self.instance.run / f"{self.name}.json"

    def _spawn(self) -> int:
        if self.log.exists() and self.log.stat().st_size > _LOG_BOUND:
            self.log.replace(self.log.with_suffix(".log.1"))
        uid, gid = self.owner or (None, None)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",  # the caller's directory may be closed to the user that the server runs as
                start_new_session=True,  # Ctrl-C in the terminal is for us, not for the servers
                user=uid,
                group=gid,
                extra_groups=None if uid is None else [],
                env=self.environment(),
            )
        # Services outlive who started them, and are found again and reaped by their record: nobody waits for
        # this object, which would say so as a ResourceWarning.
        process.returncode = 0
        return process.pid

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-15:] if self.log.exists() else []
        return "\n    ".join([f"Last lines of {self.log}:", *lines])


def refuse_taken(instance: Instance, field: str) -> None:
    """Raise PortTakenError if the port named by ``field`` is in use: by whom, and which variable moves it."""
    port = int(getattr(instance.ports, field))
    if ports.is_taken(port):
        by = ports.holder(port) or "another process (not visible to this user)"
        raise PortTakenError(
            f"port {port} is taken by {by}: end it, or choose another port with {instance.variable(field)}=…"
        )


def server_environment() -> dict[str, str]:
    """What a server may inherit: no PG* or KAFKA_* variable of the caller changes how it runs."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "JAVA_HOME")
    return {name: os.environ[name] for name in kept if name in os.environ}
