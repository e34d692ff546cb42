"""Runs one Kafka worker as this process: builds its clients, turns its loop, says how it ended.

Clients are built here, after the fork. An exception out of the loop ends the process uncommitted; the
exit code says what the supervisor should do about it.
"""

import gc
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Timer

from django.conf import settings
from django.db import connection

from ..errors import StopOnPurpose, TransientError
from ..observability import heartbeat, metrics
from ..observability.logging import get_logger
from .books import DjangoBooks
from .broker import ConfluentConsumer, producer
from .consumer import KafkaConsumer
from .dead_letters import scrubbed
from .exit_codes import ExitCode
from .flood import FloodRules
from .member import Limits, Member, Overrun
from .models import WorkerProcess
from .orders import Beat
from .ports import SystemClock
from .retry import OUTAGE
from .shape import Shape
from .signals import StopFlag
from .watchdog import bark
from .worker_registry import HeartbeatThread, Registration

log = get_logger(__name__)
State = WorkerProcess.State
GARBAGE = 50_000
"""Containers made and not given up at which Python looks for cycles among them. A batch of events holds none:
at the default of 2,000 a writer of page views spends 6 % of its time on looking in vain."""
CLOSE_BUDGET = 10.0
"""Seconds that leaving the group may take: the client can hang there while the broker is away."""


def run(worker: type[KafkaConsumer], *, stop: StopFlag) -> ExitCode:
    """Run until `stop` is set or something fails. Answers how it ended; may end the process itself."""
    collect_seldom()
    life: list[Member] = []
    beats = HeartbeatThread(Registration(worker.name, group=worker.group()), Pulse(life))
    beats.start()
    try:
        drained = True
        if _read_orders(beats, stop):
            life.append(_build(worker(), beats))
            drained = life[0].run(stop.stop)
    except Exception as error:  # boundary: what ends the loop becomes an exit code; nothing is committed
        return _failed(worker.name, error, life, beats)
    beats.stop(Beat(state=State.STOPPED, reason=stop.reason))
    heartbeat.still(worker.name)
    return ExitCode.DONE if drained else _leave(ExitCode.ABANDONED)


def collect_seldom() -> None:
    """Look for cycles seldom, and never among what was loaded at the start."""
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 20)


def _read_orders(beats: HeartbeatThread, stop: StopFlag) -> bool:
    """Wait until the orders are known: no record is taken before, since the worker may be paused.

    False if it was asked to stop meanwhile.
    """
    draw = Random()  # noqa: S311 - jitter
    outages = 0
    while not stop.is_set:
        try:
            beats.greet(Beat(state=State.STARTING))
        except TransientError as error:
            outages += 1
            log.warning("The database is away; the worker waits.", action="worker_waits", error=str(error))
            connection.close()
            stop.stop.wait(OUTAGE.delay(outages, draw))
        else:
            return True
    return False


def _build(consumer: KafkaConsumer, beats: HeartbeatThread) -> Member:
    shape = Shape.of(consumer)
    return Member(
        consumer,
        broker=ConfluentConsumer(consumer.group(), prefetch=shape.prefetch),
        producer=producer(),
        books=DjangoBooks(),
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


class Pulse:
    """The latest report of a member, for the registry, the metrics and the heartbeat file."""

    def __init__(self, life: Sequence[Member]) -> None:
        self._life = life
        self._seen: Beat | None = None

    def __call__(self) -> Beat:
        """Heartbeat thread only."""
        if not self._life:
            return Beat(state=State.STARTING)
        member, name = self._life[0], self._life[0].consumer.name
        beat = member.beat
        if beat is not self._seen:  # else the loop stands still, whatever this thread does
            self._seen = beat
            self._touch(name)
        metrics.IN_HAND.labels(name).set(beat.in_hand)
        metrics.BUFFER_BYTES.labels(name).set(beat.bytes_in_hand)
        metrics.ASSIGNED.labels(name).set(len(beat.partitions))
        metrics.LAG_SECONDS.labels(name).set(beat.lag_seconds or 0)
        for place, lag in member.lag.by_partition.items():
            metrics.LAG_RECORDS.labels(name, place.topic, str(place.number)).set(lag)
        return beat

    def _touch(self, name: str) -> None:
        try:
            heartbeat.beat(name)
        except OSError as error:
            log.warning("The heartbeat file cannot be touched.", action="heartbeat_file", error=str(error))


def _failed(name: str, error: Exception, life: list[Member], beats: HeartbeatThread) -> ExitCode:
    """Leave uncommitted, and say why."""
    code = _code_of(error)
    if code is ExitCode.CRASHED:
        log.exception("The worker failed; what was in hand is not committed.", action="worker_failed")
    else:
        log.error("The worker stops.", action="worker_halted", code=code.name, reason=str(error))
    state = State.HALTED if code is ExitCode.ON_PURPOSE else State.FAILED
    beats.stop(Beat(state=state, reason=scrubbed(error)))
    heartbeat.still(name)
    if code is ExitCode.WATCHDOG:
        bark()  # a handler hangs: nothing can be closed around it
    _abandon(life, code)
    return _leave(code)


def _abandon(life: list[Member], code: ExitCode) -> None:
    """Leave the group so that others take over at once; but not for long, since that can hang."""
    deadline = Timer(CLOSE_BUDGET, os._exit, [int(code)])
    deadline.daemon = True
    deadline.start()
    try:
        for member in life:
            member.abandon()
    except Exception:  # boundary: closing after a failure must not hide the failure
        log.exception("Leaving the group failed too.", action="close_failed")


def _code_of(error: Exception) -> ExitCode:
    if isinstance(error, StopOnPurpose):
        return ExitCode.ON_PURPOSE
    return ExitCode.WATCHDOG if isinstance(error, Overrun) else ExitCode.CRASHED


def _leave(code: ExitCode) -> ExitCode:
    """End the process now: threads of hands may still run and would hold up an ordinary exit."""
    sys.stdout.flush()
    os._exit(int(code))
