"""Every act of an operator leaves two rows: what is about to be done, and what came of it.

    with audited(actor=request.user, action="consumer.pause", target="clickhouse-writer", reason=why) as act:
        pause(...)
        act.detail["partitions"] = 6

The intent is committed before the block begins, so that no act can be without a trace; the block must
therefore not stand in a transaction. If the process dies inside of it, the act reads as *unknown*: it may
have been done. An act that is one transaction can do better, and settle its outcome in there:

    with audited(...) as act, transaction.atomic():
        act.detail["rows"] = delete(...)
        act.settle()

Then the outcome is there if, and only if, it was done; one that reads as unknown did nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, InterfaceError, connection, transaction

from ..observability import metrics
from ..observability.logging import context, get_logger
from .models import AuditEvent, User

log = get_logger(__name__)
SYSTEM = "system"


@dataclass
class Act:
    """An act under way. What is put into `detail` inside of the block goes into the outcome."""

    intent_id: int
    common: Mapping[str, Any]
    """Columns that the outcome has from the intent."""
    detail: dict[str, Any] = field(default_factory=dict)
    is_settled: bool = False

    def settle(self) -> None:
        """Write the outcome in the transaction of what was done, as its end. RuntimeError outside of one."""
        if not connection.in_atomic_block:
            raise RuntimeError("An act is settled in the transaction that carries it out.")
        self.record(AuditEvent.Result.OK)
        self.is_settled = True

    def record(self, result: AuditEvent.Result, error: str = "") -> None:
        """Write the outcome, for `settle` and `audited`."""
        AuditEvent.objects.create(
            kind=AuditEvent.Kind.OUTCOME,
            intent_id=self.intent_id,
            result=result,
            error=error,
            detail=self.detail,
            **self.common,
        )


@contextmanager
def audited(
    *,
    actor: User | AnonymousUser | None,
    action: str,
    target: str,
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
) -> Iterator[Act]:
    """Record an act around the block. Raises what the block raises; RuntimeError inside a transaction."""
    person = actor if isinstance(actor, User) else None
    bound = context()
    common = {
        "actor_id": person.pk if person else None,
        "actor": person.get_username() if person else SYSTEM,
        "action": action,
        "target": target[:300],
        "reason": reason,
        "request_id": str(bound.get("request_id", "")),
        "remote_address": str(bound.get("remote_address", ""))[:100],
    }
    with transaction.atomic(durable=True):
        intent = AuditEvent.objects.create(kind=AuditEvent.Kind.INTENT, detail=dict(detail or {}), **common)
    act = Act(intent.pk, common)
    try:
        yield act
    except BaseException as error:  # boundary: it is raised again; what came of the act is recorded first
        _close(act, AuditEvent.Result.FAILED, type(error).__name__)
        raise
    _close(act, AuditEvent.Result.OK)


def _close(act: Act, result: AuditEvent.Result, error: str = "") -> None:
    """Tell the outcome, and write it unless it is settled. The act is done either way: where this fails, it
    reads as unknown."""
    actor, name, target = (act.common[key] for key in ("actor", "action", "target"))
    metrics.AUDITED.labels(name, result.value).inc()
    log.info(f"{actor}: {name} {target}", action="audited", act=name, target=target, result=result.value)
    try:
        with transaction.atomic(durable=True):
            # One that was settled and failed was taken back, unless it failed behind its transaction.
            if not (act.is_settled and AuditEvent.objects.filter(intent=act.intent_id).exists()):
                act.record(result, error)
    except (DatabaseError, InterfaceError):
        log.exception(
            "The outcome of an act was not recorded", action="audit_outcome_lost", intent=act.intent_id
        )
