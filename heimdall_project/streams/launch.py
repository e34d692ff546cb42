"""What happens inside a worker's process, forked or on its own: context, signals, metrics, then the run."""

import faulthandler
import signal
from collections.abc import Callable

from django.conf import settings

from ..observability import metrics, metrics_server, tracing
from ..observability.logging import get_logger, identify
from . import loop_runner, registry, runner
from .consumer import Loop, Worker
from .exit_codes import ExitCode
from .models import WorkerProcess
from .orders import Beat
from .ports import Clock, SystemClock
from .signals import stop_signals
from .worker_registry import announce_port, current_beat

log = get_logger(__name__)
STUCK_AFTER = 60.0
"""Seconds beyond the budget of one call after which a silent loop is stuck; the watchdog comes first."""


def worker_grace() -> float:
    """Seconds after a stop request at which a worker ends itself; a third into the margin."""
    return _into_margin(1 / 3)


def supervisor_grace() -> float:
    """Seconds after a stop request at which the supervisor ends what still runs; two thirds into it."""
    return _into_margin(2 / 3)


def _into_margin(share: float) -> float:
    drain: float = settings.WORKER_DRAIN_BUDGET
    return drain + share * (settings.WORKER_STOP_GRACE - drain)


def metrics_port(worker: str, replica: int = 0) -> int:
    """Where a worker serves its metrics; 0 for nowhere. Equal in all processes that know the same workers."""
    if not settings.WORKER_METRICS_PORT:
        return 0
    names = [each.name for each in registry.workers()]
    port: int = settings.WORKER_METRICS_PORT + names.index(worker) + replica * len(names)
    return port


def launch(
    worker: type[Worker], *, replica: int = 0, restarts: int = 0, lifeline: int | None = None
) -> ExitCode:
    """Run a worker in this process until it is asked to stop or fails. Answers how it ended.

    `lifeline` is the reading end of a pipe that the supervisor holds open.
    """
    tracing.serve_as(worker.name)
    identify(worker=worker.name, **({"replica": replica} if replica else {}))
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)  # shows where every thread stands, on stderr
    with stop_signals(lifeline=lifeline, grace=worker_grace()) as flag:
        _serve_metrics(worker, replica)
        if restarts:
            metrics.RESTARTS.labels(worker.name).inc(restarts)
        log.info("Worker started.", action="worker_started", restarts=restarts)
        if issubclass(worker, Loop):
            code = loop_runner.run(worker, stop=flag)
        else:
            code = runner.run(worker, stop=flag)  # type: ignore[arg-type]
        tracing.close()
        log.info("Worker ended.", action="worker_ended", code=code.name, reason=flag.reason)
    return code


def _serve_metrics(worker: type[Worker], replica: int) -> None:
    """A port that is taken costs the metrics, not the work."""
    if not (port := metrics_port(worker.name, replica)):
        return
    budget = worker.step_budget if issubclass(worker, Loop) else worker.handler_budget  # type: ignore[attr-defined]
    try:
        metrics_server.serve(port, Liveness(current_beat, budget + STUCK_AFTER))
    except OSError as error:
        log.warning("Metrics are not served.", action="metrics_port_taken", port=port, error=str(error))
    else:
        announce_port(port)


class Liveness:
    """Whether a worker's loop turns: it makes a new report in each turn or so. Asked by probes."""

    def __init__(self, look: Callable[[], Beat | None], limit: float, *, clock: Clock | None = None) -> None:
        self._look, self._limit = look, limit
        self._clock = clock or SystemClock()
        self._seen: Beat | None = None
        self._changed_at = self._clock.monotonic()

    def __call__(self) -> tuple[bool, str]:
        """Alive or not, and the state."""
        beat, now = self._look(), self._clock.monotonic()
        if beat is not self._seen:
            self._seen, self._changed_at = beat, now
        return now - self._changed_at <= self._limit, beat.state if beat else WorkerProcess.State.STARTING
