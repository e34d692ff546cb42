"""Where a job is, in a sentence: since when, what it waits for, and what comes next. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from heimdall_project.streams.admin.wording import age, duration

from .. import failures
from ..models import AnalysisAttempt, AnalysisJob
from ..states import Event, Status


class Crew(NamedTuple):
    """The processes of one worker that run now."""

    name: str
    members: int
    lag: int | None
    """Records that the group is behind."""

    def __str__(self) -> str:
        if not self.members:
            return f"no {self.name} runs"
        behind = "" if self.lag is None else f", lag {self.lag:,}"
        return f"{self.name} has {self.members} member{'s' * (self.members != 1)}{behind}"


@dataclass(frozen=True)
class Limits:
    """Settings that say how long what may take."""

    queue_deadline: float
    attempts: int


class Where(NamedTuple):
    """What is said."""

    text: str
    following: str = ""
    """What comes next, or what a person can do."""
    is_troubled: bool = False
    """Whether nothing will happen unless somebody does something."""


def where(
    job: AnalysisJob,
    attempt: AnalysisAttempt | None,
    last: Mapping[str, tuple[datetime, str, str]],
    crews: Mapping[str, Crew],
    limits: Limits,
    now: datetime,
) -> Where:
    """Say it. `last` has moment, actor and note of each event's last line; `crews` relay, worker, sweeper."""
    status = Status(job.status)
    if status is Status.PENDING:
        return _pending(job, attempt, crews, now)
    if status is Status.QUEUED:
        return _queued(job, attempt, last, crews, limits, now)
    if status is Status.RUNNING:
        return _running(attempt, crews, limits, now)
    return _ended(job, status, last, now)


def _pending(
    job: AnalysisJob, attempt: AnalysisAttempt | None, crews: Mapping[str, Crew], now: datetime
) -> Where:
    if attempt and attempt.due_at:
        wait = (attempt.due_at - now).total_seconds()
        begins = f"in {duration(wait)}" if wait > 0 else "now"
        why = f": {attempt.reason}" if attempt.reason else ""
        sweeper = crews["sweeper"]
        return Where(
            f"Waiting to be tried again: attempt {attempt.number} is sent {begins}{why}.",
            f"The sweeper sends it; {sweeper}.",
            not sweeper.members,
        )
    since = attempt.created_at if attempt else job.created_at
    relay = crews["relay"]
    return Where(
        f"Accepted, and waiting for the broker for {_span(now - since)}; {relay}.",
        "The relay publishes its request event."
        if relay.members
        else "Start the relay: manage.py run_consumer outbox-relay.",
        not relay.members,
    )


def _queued(
    job: AnalysisJob,
    attempt: AnalysisAttempt | None,
    last: Mapping[str, tuple[datetime, str, str]],
    crews: Mapping[str, Crew],
    limits: Limits,
    now: datetime,
) -> Where:
    since = last[Event.PUBLISHED][0] if Event.PUBLISHED in last else job.updated_at
    begun = attempt.created_at if attempt else job.created_at
    left = begun + timedelta(seconds=limits.queue_deadline) - now
    deadline = f"deadline in {age(left.total_seconds())}" if left > timedelta() else "its deadline has passed"
    worker = crews["worker"]
    return Where(
        f"Waiting for a worker for {_span(now - since)}; {worker}; {deadline}.",
        "" if worker.members else f"Start one: manage.py run_consumer {worker.name}.",
        not worker.members,
    )


def _running(
    attempt: AnalysisAttempt | None, crews: Mapping[str, Crew], limits: Limits, now: datetime
) -> Where:
    if attempt is None or attempt.started_at is None:
        return Where("A worker is analysing the log.")
    text = (
        f"{attempt.worker or 'A worker'} has been analysing the log for {_span(now - attempt.started_at)} "
        f"(attempt {attempt.number}, try {attempt.round_try} of {limits.attempts})."
    )
    if attempt.lease_expires_at is None:
        return Where(text)
    left = (attempt.lease_expires_at - now).total_seconds()
    if left > 0:
        return Where(
            text, f"Its lease holds for {duration(left)} more and is renewed while the worker lives."
        )
    sweeper = crews["sweeper"]
    return Where(
        text,
        f"The worker has been silent since its lease lapsed {duration(-left)} ago; the sweeper tries the job "
        f"again; {sweeper}.",
        not sweeper.members,
    )


def _ended(
    job: AnalysisJob, status: Status, last: Mapping[str, tuple[datetime, str, str]], now: datetime
) -> Where:
    ended = job.finished_at or now
    ago = _ago(now - ended)
    took = duration((ended - job.created_at).total_seconds())
    if status is Status.SUCCEEDED:
        how = ", served from cache" if job.from_cache else ""
        return Where(f"Succeeded {ago}, {took} after it was accepted{how}.")
    if status is Status.FAILED:
        entry = failures.entry(job.failure_class)
        helps = entry is None or entry.redrive_helps
        return Where(
            f"Failed {ago}, {took} after it was accepted: {failures.title(job.failure_class).lower()}.",
            "It can be sent again." if helps else "Sent again as it is, it would fail the same way.",
        )
    _, actor, note = last.get(Event.CANCELLED, (ended, "a person", ""))
    return Where(f"Cancelled {ago} by {actor}{f': {note}' if note else ''}.", "It can be sent again.")


def _span(span: timedelta) -> str:
    return duration(span.total_seconds())


def _ago(span: timedelta) -> str:
    said = age(span.total_seconds())
    return said if said == "just now" else f"{said} ago"
