"""What happens inside a worker's process, forked or on its own: context, signals, metrics, then the run."""

import faulthandler
import signal

from django.conf import settings

from ..observability import metrics
from ..observability.logging import bind, get_logger
from . import loop_runner, registry, runner
from .consumer import Loop, Worker
from .exit_codes import ExitCode
from .signals import stop_signals
from .worker_registry import announce_port

log = get_logger(__name__)


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
    bind(worker=worker.name, **({"replica": replica} if replica else {}))
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)  # shows where every thread stands, on stderr
    with stop_signals(lifeline=lifeline, grace=worker_grace()) as flag:
        _serve_metrics(worker.name, replica)
        if restarts:
            metrics.RESTARTS.labels(worker.name).inc(restarts)
        log.info("Worker started.", action="worker_started", restarts=restarts)
        if issubclass(worker, Loop):
            code = loop_runner.run(worker, stop=flag)
        else:
            code = runner.run(worker, stop=flag)  # type: ignore[arg-type]
        log.info("Worker ended.", action="worker_ended", code=code.name, reason=flag.reason)
    return code


def _serve_metrics(worker: str, replica: int) -> None:
    announce_port(None)
