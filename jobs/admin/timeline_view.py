"""The way of a job as steps, its timeline as lines, its attempts with their lineage. Pure."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from heimdall_project.streams.admin.wording import duration, visible

from .. import failures
from ..models import AnalysisAttempt, AnalysisJob, JobTransition
from ..states import TERMINAL, Event, Origin, Status
from .wording import OUTCOME_COLOURS, STATUS_COLOURS

WORDS = {
    Event.SUBMITTED: "Accepted",
    Event.PUBLISHED: "Request in the broker",
    Event.CLAIMED: "Claimed by a worker",
    Event.CLAIMED_AGAIN: "Claimed again",
    Event.TRY_FAILED: "Analysis broke",
    Event.ANSWERED: "Outcome stored",
    Event.ANSWERED_AGAIN: "Stored answer published again",
    Event.REQUEST_IGNORED: "Request ignored",
    Event.LEASE_LAPSED: "Worker fell silent",
    Event.QUEUE_EXPIRED: "Nobody claimed it in time",
    Event.REDRIVEN: "Sent again",
    Event.CANCELLED: "Cancelled",
    Event.RESULT_APPLIED: "Result applied",
    Event.RESULT_DUPLICATE: "Duplicate result",
    Event.RESULT_LATE: "Late result",
}
USUAL_WAY = (Status.PENDING, Status.QUEUED, Status.RUNNING, Status.SUCCEEDED)
MOST_STEPS = 6
"""Steps that are shown of a way that was gone; the timeline has all of them."""


class Step(NamedTuple):
    """A state that the job was in, is in, or would usually come to."""

    name: str
    colour: str
    state: str
    """done, here or ahead."""
    at: datetime | None = None
    took: str = ""


class Line(NamedTuple):
    """A line of the timeline as it is shown."""

    told: JobTransition
    words: str
    note: str
    since: str
    from_colour: str
    to_colour: str


class Try(NamedTuple):
    """An attempt as it is shown."""

    attempt: AnalysisAttempt
    colour: str
    why: str
    previous: int | None
    took: str
    failure: str


def steps(job: AnalysisJob, told: Sequence[JobTransition]) -> list[Step]:
    """The way that the job went lately, and for an open one the rest of the usual way."""
    moves = [line for line in told if line.moved]
    befores = [None, *(line.at for line in moves)]
    gone = [
        Step(
            name=line.to_status.capitalize(),
            colour=STATUS_COLOURS[line.to_status],
            state="here" if line is moves[-1] else "done",
            at=line.at,
            took=f"+{duration((line.at - before).total_seconds())}" if before else "",
        )
        for line, before in zip(moves, befores, strict=False)
    ][-MOST_STEPS:]
    if Status(job.status) in TERMINAL or not moves:
        return gone
    ahead = USUAL_WAY[USUAL_WAY.index(Status(job.status)) + 1 :]
    return gone + [Step(status.capitalize(), STATUS_COLOURS[status], "ahead") for status in ahead]


def lines(told: Sequence[JobTransition]) -> list[Line]:
    """The timeline with the time since the line before."""
    since = ["", *(f"+{duration((b.at - a.at).total_seconds())}" for a, b in pairwise(told))]
    return [
        Line(
            told=line,
            words=WORDS.get(Event(line.event), line.event) if line.event in set(Event) else line.event,
            note=visible(line.note),
            since=gap,
            from_colour=STATUS_COLOURS.get(line.from_status, "default"),
            to_colour=STATUS_COLOURS.get(line.to_status, "default"),
        )
        for line, gap in zip(told, since, strict=False)
    ]


def tries(attempts: Sequence[AnalysisAttempt]) -> list[Try]:
    """Attempts, latest first, each with why it was begun and after which."""
    numbers = {attempt.pk: attempt.number for attempt in attempts}
    return [
        Try(
            attempt=attempt,
            colour=OUTCOME_COLOURS[attempt.outcome or "open"],
            why=_why(attempt),
            previous=numbers.get(attempt.previous_id) if attempt.previous_id else None,
            took=_took(attempt),
            failure=failures.title(attempt.failure_class) if attempt.failure_class else "",
        )
        for attempt in sorted(attempts, key=lambda each: -each.number)
    ]


def _why(attempt: AnalysisAttempt) -> str:
    words = {Origin.SUBMITTED: "Submitted", Origin.RETRIED: "Tried again", Origin.REDRIVEN: "Sent again"}
    by = f" by {attempt.begun_by}" if attempt.begun_by else ""
    reason = f": {visible(attempt.reason)}" if attempt.reason else ""
    return f"{words[Origin(attempt.origin)]}{by}{reason}"


def _took(attempt: AnalysisAttempt) -> str:
    if not attempt.started_at or not attempt.finished_at:
        return ""
    return duration((attempt.finished_at - attempt.started_at).total_seconds())
