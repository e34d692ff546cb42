"""Things that tests need often, made by the same services that make them in earnest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

if TYPE_CHECKING:
    from dlq_admin.models import DeadLetter, RedriveBatch
    from heimdall_project.accounts.models import User
    from heimdall_project.events.jobs import AnalysisCompleted, AnalysisRequested
    from heimdall_project.streams.consumer import Delivery
    from jobs.models import AnalysisAttempt, AnalysisJob, LogEntry

LOG = (
    "2026-11-21 09:14:57,101 ERROR [pool-3] orders.OrderRepository: Connection is not available, "
    "request timed out after 30000ms\n"
    "java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available\n"
    "\tat com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:213)\n"
    "2026-11-21 09:14:58,020 WARN [pool-3] orders.OrderController: answered 503\n"
)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
_numbers = count(1)


def make_user(name: str = "") -> User:
    """A user without rights; the name is made up unless given."""
    from heimdall_project.accounts.models import User

    return User.objects.create_user(name or f"user-{next(_numbers)}")


def make_log(created_by: User | None = None, **fields: Any) -> LogEntry:
    """A log entry."""
    from jobs.services import LogDraft, log_entry_create

    values = {"content": LOG, "service_name": "orders", "environment": "production"}
    return log_entry_create(draft=LogDraft(**(values | fields)), created_by=created_by)


def make_job(owner: User | None = None, **request: Any) -> AnalysisJob:
    """A submitted job: PENDING, its request event in the outbox."""
    from jobs.services import JobRequest, LogDraft, job_submit

    log = LogDraft(content=LOG, service_name="orders", environment="production")
    asked: Any = JobRequest(**({"log": log} | request))
    return job_submit(owner=owner or make_user(), request=asked).job


def make_claim(job: AnalysisJob, worker: str = "host:1") -> AnalysisAttempt:
    """The job's attempt in the hands of a worker."""
    from jobs.services import Claimed, attempt_claim

    claim = attempt_claim(request_id=job.request_id, worker=worker)
    if not isinstance(claim, Claimed):
        raise TypeError(f"{job} cannot be claimed: {claim}")
    return claim.attempt


def make_answer(request_id: UUID, *, failure: str = "", **fields: Any) -> AnalysisCompleted:
    """A result event: a success, or a failure of that class."""
    from heimdall_project.events.jobs import (
        AnalysisCompleted,
        AnalysisResult,
        Failure,
        FailureClass,
        Severity,
    )

    result = AnalysisResult(
        summary="The pool is exhausted",
        root_cause="All connections are in use",
        recommendation="Look for long transactions",
        severity=Severity.HIGH,
        confidence=0.9,
    )
    end: dict[str, Any] = (
        {"failure": Failure(failure_class=FailureClass(failure), message="it went wrong")}
        if failure
        else {"analysis_result": result}
    )
    values: dict[str, Any] = {"timestamp": NOON, "log_id": 1, "model": "test", "duration_seconds": 1.5} | end
    return AnalysisCompleted(request_id=request_id, **(values | fields))


def make_dead_letter(value: bytes | None = b"{", **headers: bytes) -> DeadLetter:
    """A dead letter of nobody known, indexed."""
    from dlq_admin.models import DeadLetter
    from dlq_admin.services import letters_index
    from heimdall_project.streams.records import Record

    stamp = int(NOON.timestamp() * 1000)
    record = Record("dlq.failed", 0, next(_numbers), stamp, b"k", value, [*headers.items()])
    letters_index(records=[record])
    return DeadLetter.objects.get(letter_offset=record.offset)


def make_batch(owner: User, **fields: Any) -> RedriveBatch:
    """A redrive batch of one letter that its owner proposed."""
    from dlq_admin.models import BatchItem, RedriveBatch
    from dlq_admin.services.batches import set_of

    letter = make_dead_letter()
    pace = {"canary": 1, "rate": 1.0, "most_failures": 0.1, "most_lag": 1000}
    batch = RedriveBatch.objects.create(
        reason="to try", size=1, set_hash="-", proposed_by=owner, needs_second=False, **(pace | fields)
    )
    BatchItem.objects.create(
        batch=batch, letter=letter, attempt=1, digest=letter.digest, redrive_id=f"r-{batch.pk}"
    )
    RedriveBatch.objects.filter(pk=batch.pk).update(set_hash=set_of(batch)[1])
    return RedriveBatch.objects.get(pk=batch.pk)


def outbox_events[T](kind: type[T], topic: str = "analysis.request") -> list[T]:
    """What waits in the outbox for a topic, in order."""
    from heimdall_project.events.codec import decode
    from heimdall_project.streams.models import OutboxMessage

    rows = OutboxMessage.objects.filter(topic=topic).order_by("id")
    return [decode(kind, bytes(row.value or b"")) for row in rows]


def make_outside_request(**fields: Any) -> AnalysisRequested:
    """A request event that no job of ours made."""
    from heimdall_project.events.jobs import AnalysisRequested

    values: Mapping[str, Any] = {
        "request_id": uuid4(),
        "timestamp": NOON,
        "log_id": 12345,
        "log_content": LOG,
        "service_name": "orders",
        "environment": "production",
        "correlation_id": "corr-1",
    }
    return AnalysisRequested(**{**values, **fields})


def deliver[T](event: T, *, topic: str = "analysis.result", offset: int | None = None) -> Delivery[T]:
    """An event as a handler gets it, each at an offset of its own unless told."""
    from heimdall_project.events.codec import encode
    from heimdall_project.streams.consumer import Delivery
    from heimdall_project.streams.records import Record

    place = next(_numbers) if offset is None else offset
    stamp = int(NOON.timestamp() * 1000)
    record = Record(topic, 0, place, stamp, b"1", encode(event))
    return Delivery(record, event)
