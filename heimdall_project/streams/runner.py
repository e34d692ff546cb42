"""Runs one Kafka worker as this process: builds its clients, turns its loop, says how it ended.

Clients are built here, after the fork. An exception out of the loop ends the process uncommitted; the
exit code says what the supervisor should do about it.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Timer

from django.conf import settings

from ..errors import StopOnPurpose, TransientError
from ..observability import heartbeat, metrics
from ..observability.logging import get_logger
from .books import Books, DjangoBooks
from .broker import ConfluentConsumer, producer
from .consumer import KafkaConsumer
from .exit_codes import ExitCode
from .flood import FloodRules
from .member import Limits, Member, Overrun
from .models import WorkerProcess
from .orders import Beat
from .ports import SystemClock
from .shape import Shape
from .signals import StopFlag
from .worker_registry import HeartbeatThread, Registration

log = get_logger(__name__)
State = WorkerProcess.State
CLOSE_BUDGET = 10.0
"""Seconds that leaving the group may take: the client can hang there while the broker is away."""


def run(worker: type[KafkaConsumer], *, stop: StopFlag) -> ExitCode:
    """Run until `stop` is set or something fails. Answers how it ended; may end the process itself."""
    registration = Registration(worker.name, group=worker.group())
    life: list[Member] = []
    beats = HeartbeatThread(registration, lambda: _beat(life))
    try:
        beats.orders = registration.beat(Beat(state=State.STARTING))
        life.append(_build(worker(), beats))
        beats.start()
        drained = life[0].run(stop.stop)
    except Exception as error:  # boundary: what ends the loop becomes an exit code; nothing is committed
        return _failed(worker.name, error, life, beats)
    beats.stop(Beat(state=State.STOPPED, reason=stop.reason))
    heartbeat.still(worker.name)
    return ExitCode.DONE if drained else _leave(ExitCode.ABANDONED)


def _build(consumer: KafkaConsumer, beats: HeartbeatThread) -> Member:
    shape = Shape.of(consumer)
    books: Books = DjangoBooks()
    return Member(
        consumer,
        broker=ConfluentConsumer(consumer.group(), prefetch=shape.prefetch),
        producer=producer(),
        books=books,
        clock=SystemClock(),
        hands=ThreadPoolExecutor(shape.width, thread_name_prefix=consumer.name),
        aside=ThreadPoolExecutor(1, thread_name_prefix=f"{consumer.name}-desk"),
        orders=lambda: beats.orders,
        limits=Limits(drain=settings.WORKER_DRAIN_BUDGET, commit_interval=settings.WORKER_COMMIT_INTERVAL),
        rules=FloodRules(
            first=settings.FLOOD_FIRST,
            ratio=settings.FLOOD_RATIO,
            window=settings.FLOOD_WINDOW,
            least=settings.FLOOD_LEAST,
            patience=settings.FLOOD_PATIENCE,
        ),
    )


def _beat(life: list[Member]) -> Beat:
    """Called in the heartbeat thread."""
    beat = life[0].beat
    heartbeat.beat(life[0].consumer.name)
    name = life[0].consumer.name
    metrics.IN_HAND.labels(name).set(beat.in_hand)
    metrics.ASSIGNED.labels(name).set(len(beat.partitions))
    metrics.LAG_SECONDS.labels(name).set(beat.lag_seconds or 0)
    return beat


def _failed(name: str, error: Exception, life: list[Member], beats: HeartbeatThread) -> ExitCode:
    """Leave uncommitted, and say why."""
    code = _code_of(error)
    state = State.HALTED if code is ExitCode.ON_PURPOSE else State.FAILED
    if code is ExitCode.CRASHED and not isinstance(error, TransientError):
        log.exception("The worker failed; nothing of what was in hand is committed.", action="worker_failed")
    else:
        log.error("The worker stops.", action="worker_stopped", code=code.name, reason=str(error))
    beats.stop(Beat(state=state, reason=f"{type(error).__name__}: {error}"))
    if code is ExitCode.WATCHDOG:
        return _leave(code)  # a handler hangs: nothing can be closed around it
    if life:
        deadline = Timer(CLOSE_BUDGET, os._exit, [int(code)])
        deadline.daemon = True
        deadline.start()
        try:
            life[0].abandon()
        except Exception:  # boundary: closing after a failure must not hide the failure
            log.exception("Leaving the group failed too.", action="close_failed")
    return _leave(code)


def _code_of(error: Exception) -> ExitCode:
    if isinstance(error, StopOnPurpose):
        return ExitCode.ON_PURPOSE
    return ExitCode.WATCHDOG if isinstance(error, Overrun) else ExitCode.CRASHED


def _leave(code: ExitCode) -> ExitCode:
    """End the process now: threads of hands may still run and would hold up an ordinary exit."""
    os._exit(int(code))
