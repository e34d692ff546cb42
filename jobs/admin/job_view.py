"""What the page of one job shows."""

import json
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from django.utils import timezone

from .. import selectors
from ..models import AnalysisJob, JobTransition
from ..serializers.jobs import MESSAGES
from ..states import TERMINAL, Event, Status
from .log_view import citations, excerpt, visible
from .wording import (
    LEVEL_COLOURS,
    OUTCOME_COLOURS,
    PRIORITY_COLOURS,
    SEVERITY_COLOURS,
    STATUS_COLOURS,
    duration,
)

WORDS = {
    Event.SUBMITTED: "Accepted",
    Event.PUBLISHED: "Request in the broker",
    Event.CLAIMED: "Claimed by a worker",
    Event.CLAIMED_AGAIN: "Claimed again",
    Event.TRY_FAILED: "Analysis broke",
    Event.ANSWERED: "Outcome stored",
    Event.ANSWERED_AGAIN: "Stored answer published again",
    Event.REQUEST_IGNORED: "Request ignored",
    Event.RESULT_APPLIED: "Result applied",
    Event.RESULT_DUPLICATE: "Duplicate result",
    Event.RESULT_LATE: "Late result",
}
USUAL_WAY = (Status.PENDING, Status.QUEUED, Status.RUNNING, Status.SUCCEEDED)


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
    since: str
    from_colour: str
    to_colour: str


def page(job: AnalysisJob) -> dict[str, Any]:
    """Everything that the template needs."""
    told = list(selectors.timeline_of(job))
    result = _visible(job.result) if isinstance(job.result, dict) else None
    entry = job.log_entry
    ended = job.finished_at or timezone.now()
    return {
        "job": job,
        "entry": entry,
        "message": MESSAGES[job.status],
        "status_colour": STATUS_COLOURS[job.status],
        "priority_colour": PRIORITY_COLOURS.get(job.priority, "default"),
        "level_colour": LEVEL_COLOURS.get(entry.level, "default"),
        "took": duration((ended - job.created_at).total_seconds()),
        "steps": steps(job, told),
        "lines": lines(told),
        "result": result,
        "severity_colour": SEVERITY_COLOURS.get((result or {}).get("severity", ""), "default"),
        "confidence": _per_cent((result or {}).get("confidence")),
        "rows": excerpt(entry.content, citations(result)),
        "attempts": [(each, _colour(each.outcome)) for each in job.attempts.all()],
        "metadata": json.dumps(job.metadata, indent=2, ensure_ascii=False) if job.metadata else "",
        "is_open": Status(job.status) not in TERMINAL,
    }


def steps(job: AnalysisJob, told: Sequence[JobTransition]) -> list[Step]:
    """The way that the job went, and for an open one the rest of the usual way."""
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
    ]
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
            since=gap,
            from_colour=STATUS_COLOURS.get(line.from_status, "default"),
            to_colour=STATUS_COLOURS.get(line.to_status, "default"),
        )
        for line, gap in zip(told, since, strict=False)
    ]


def _visible(result: dict[str, Any]) -> dict[str, Any]:
    return {name: visible(value) if isinstance(value, str) else value for name, value in result.items()}


def _colour(outcome: str) -> str:
    return OUTCOME_COLOURS[outcome or "open"]


def _per_cent(confidence: object) -> int | None:
    return round(100 * confidence) if isinstance(confidence, int | float) else None
