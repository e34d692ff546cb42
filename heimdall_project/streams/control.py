"""Orders of operators to workers. Each has an actor who may give it, and a reason, and is audited.

Workers read their orders with each heartbeat: an order takes effect within `WORKER_HEARTBEAT` seconds.
Every function raises NotFound (no such worker), Forbidden (not this person), Unprocessable (what is asked
makes no sense) or Conflict (not now).
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from ..accounts.audit import Act, audited
from ..accounts.models import User
from ..errors import Conflict, Forbidden, NotFound, Unprocessable
from . import recreated, registry, topics, worker_registry
from .consumer import KafkaConsumer, Worker
from .models import ConsumerControl, ConsumerCursor, SkipRequest, WorkerProcess

type _Detail = Mapping[str, Any]

CONTROL = "streams.control_consumer"
SKIP = "streams.skip_record"
OVERRIDE = "streams.override_flood"
ANEW = "streams.begin_anew"
REASON_MOST = 500
OVERRIDE_MOST = 24 * 60
"""Minutes that a flood override may last."""


def consumer_pause(*, actor: User, worker: str, reason: str) -> None:
    """Every process of the worker takes in nothing more until it is resumed; what runs is finished."""
    _known(worker)
    with _act(actor, CONTROL, "consumer.pause", worker, reason):
        _write(worker, paused=True, pause_reason=reason.strip())


def consumer_resume(*, actor: User, worker: str, reason: str) -> None:
    """The worker goes on."""
    _known(worker)
    with _act(actor, CONTROL, "consumer.resume", worker, reason):
        _write(worker, paused=False, pause_reason="")


def consumer_start(*, actor: User, worker: str, reason: str) -> None:
    """Start a worker again that stopped on purpose and is held down by its supervisor."""
    _known(worker)
    with _act(actor, CONTROL, "consumer.start", worker, reason) as act:
        held = worker_registry.fresh().filter(worker=worker, state=WorkerProcess.State.HALTED)
        act.detail["processes"] = [row.id for row in held]
        if not held:
            raise Conflict(
                f"No supervisor holds {worker} down now; if it does not run, start it with run_consumer."
            )
        _write(worker, start_requested_at=Now())


def flood_override(*, actor: User, worker: str, minutes: int, reason: str) -> None:
    """For some minutes, invalid records of this worker become dead letters however many they are."""
    _consumer(worker)
    if not 1 <= minutes <= OVERRIDE_MOST:
        raise Unprocessable(
            "An override has an end.", errors={"minutes": f"must lie between 1 and {OVERRIDE_MOST}"}
        )
    with _act(actor, OVERRIDE, "consumer.flood_override", worker, reason, {"minutes": minutes}):
        _write(worker, flood_override_until=Now() + timedelta(minutes=minutes))


def record_skip(*, actor: User, worker: str, topic: str, partition: int, offset: int, reason: str) -> None:
    """Have the worker pass one record by: it goes to the dead letters unhandled, so nothing is lost."""
    consumer = _consumer(worker)
    _check_place(consumer, topic, partition, offset)
    place = {"topic": topic, "partition": partition, "offset": offset}
    with _act(actor, SKIP, "consumer.skip", worker, reason, place):
        passed = ConsumerCursor.objects.filter(
            group=consumer.group(), topic=topic, partition=partition, next_offset__gt=offset
        )
        if passed.exists():
            raise Conflict(f"{worker} is past {topic}[{partition}]@{offset} already.")
        try:
            with transaction.atomic():
                SkipRequest.objects.create(
                    worker=worker, reason=reason.strip(), requested_by=actor.get_username(), **place
                )
        except IntegrityError:
            raise Conflict(f"{topic}[{partition}]@{offset} is to be skipped already.") from None


def topic_begin_anew(*, actor: User, worker: str, topic: str, reason: str) -> None:
    """Close the books of a topic that was deleted and made anew; the worker begins with the new one.

    Raises TransientError too, while the broker does not answer.
    """
    consumer = _consumer(worker)
    if topic not in consumer.topics():
        known = ", ".join(consumer.topics())
        raise Unprocessable("The worker does not read it.", errors={"topic": f"must be one of {known}"})
    with _act(actor, ANEW, "consumer.begin_anew", worker, reason, {"topic": topic}) as act:
        act.detail.update(recreated.books_close(worker=worker, group=consumer.group(), topic=topic))


def _act(
    actor: User,
    permission: str,
    action: str,
    worker: str,
    reason: str,
    detail: _Detail | None = None,
) -> AbstractContextManager[Act]:
    """The audited block of an order, after who and why are settled."""
    if not actor.has_perm(permission):
        raise Forbidden(f"{actor.get_username()} may not do this: {permission} is needed.")
    if not 1 <= len(reason.strip()) <= REASON_MOST:
        raise Unprocessable(
            "An order needs a reason.", errors={"reason": f"must have 1 to {REASON_MOST} characters"}
        )
    return audited(actor=actor, action=action, target=worker, reason=reason.strip(), detail=detail)


def _write(worker: str, **values: Any) -> None:
    ConsumerControl.objects.update_or_create(worker=worker, defaults={**values, "updated_at": Now()})


def _known(worker: str) -> type[Worker]:
    try:
        return registry.get(worker)
    except KeyError as error:
        raise NotFound(str(error.args[0])) from None


def _consumer(worker: str) -> type[KafkaConsumer]:
    declared = _known(worker)
    if not issubclass(declared, registry.CONSUMER_SHAPES):
        raise Unprocessable(f"{worker} reads no topic.")
    return declared


def _check_place(consumer: type[KafkaConsumer], topic: str, partition: int, offset: int) -> None:
    errors: dict[str, str] = {}
    if topic not in consumer.topics():
        errors["topic"] = f"must be one of {', '.join(consumer.topics())}"
    elif not 0 <= partition < topics.spec(topic).partitions:
        errors["partition"] = f"must lie between 0 and {topics.spec(topic).partitions - 1}"
    if offset < 0:
        errors["offset"] = "must not be negative"
    if errors:
        raise Unprocessable("There can be no such record.", errors=errors)
