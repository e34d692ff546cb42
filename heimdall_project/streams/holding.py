"""Keeps a worker down that stopped on purpose: shows it in the registry, waits for a person's order.

It runs as a process of its own in the worker's place, so that the supervisor itself needs no database.
"""

import os
import socket

from django.conf import settings
from django.db import connection

from ..errors import TransientError
from ..observability.logging import get_logger
from .books import database
from .exit_codes import ExitCode
from .models import WorkerProcess
from .orders import Beat
from .signals import StopFlag
from .worker_registry import Registration

log = get_logger(__name__)


class Hold:
    """The row of a halted process, kept fresh. `check` is one look."""

    def __init__(self, worker: str, halted_pid: int) -> None:
        self._worker = worker
        self._pid = halted_pid
        self._registration: Registration | None = None
        self._reason = ""
        self._since = 0.0

    def check(self) -> bool:
        """Whether a start was ordered since the process stopped. Raises TransientError."""
        if self._registration is None:
            self._registration = self._find()
        orders = self._registration.beat(Beat(state=WorkerProcess.State.HALTED, reason=self._reason))
        ordered = orders.start_requested_at
        return ordered is not None and ordered > self._since

    def release(self) -> None:
        """The worker starts again: what stands in the row is history now. Raises TransientError."""
        if self._registration is not None:
            self._registration.beat(Beat(state=WorkerProcess.State.STOPPED, reason=self._reason))

    def _find(self) -> Registration:
        """The row that the process left, or a new one if it could not write it."""
        with database():
            rows = WorkerProcess.objects.filter(
                worker=self._worker,
                host=socket.gethostname(),
                pid=self._pid,
                state=WorkerProcess.State.HALTED,
            )
            if row := rows.order_by("-started_at").first():
                self._reason, self._since = row.reason, row.heartbeat_at.timestamp()
                return Registration.of(row)
            with connection.cursor() as sql:
                sql.execute("SELECT extract(epoch FROM now())::float8")
                self._since = sql.fetchone()[0]
        self._reason = f"Process {self._pid} stopped on purpose; its log says why."
        return Registration(self._worker)


def hold(worker: str, halted_pid: int, *, stop: StopFlag) -> ExitCode:
    """Wait for an order to start (ORDERED) or for the end of the supervisor's work (DONE)."""
    log.info("The worker stays down until a person starts it.", action="worker_held", pid=os.getpid())
    held = Hold(worker, halted_pid)
    silent = False
    while not stop.is_set:
        try:
            if held.check():
                held.release()
                log.info("A person ordered the worker to start again.", action="worker_ordered")
                return ExitCode.ORDERED
            silent = False
        except TransientError as error:
            connection.close()
            if not silent:
                log.warning("Orders cannot be read now.", action="hold_waits", error=str(error))
            silent = True
        stop.stop.wait(settings.WORKER_HEARTBEAT)
    return ExitCode.DONE
