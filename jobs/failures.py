"""The catalogue of failures: what each class means, what was tried already, and what a person can do.

The admin, the API and the documentation read it; the table in `docs/jobs.md` is held to it by a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from heimdall_project.events.jobs import FailureClass


class Retry(StrEnum):
    """What is tried before a job fails with a class."""

    NEVER = "never"
    """The same request would fail the same way: it fails at once."""
    BOUNDED = "bounded"
    """`JOB_ATTEMPTS` tries with `JOB_RETRY_BACKOFF` between them."""
    UNTIL_DEADLINE = "until_deadline"
    """Offered again, ever more rarely, until a deadline."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One class of failure."""

    failure_class: FailureClass
    title: str
    retry: Retry
    meaning: str
    advice: str
    redrive_helps: bool
    """Whether sending the job again can end otherwise while everything else stays as it is."""


_ENTRIES = (
    Entry(
        failure_class=FailureClass.MODEL_UNAVAILABLE,
        title="Model unavailable",
        retry=Retry.UNTIL_DEADLINE,
        meaning="The model's endpoint was away, overloaded or refused us for longer than its deadline.",
        advice="Look at the endpoint, its key and the model's name. Redrive when it answers again.",
        redrive_helps=True,
    ),
    Entry(
        failure_class=FailureClass.MODEL_TIMEOUT,
        title="Model timeout",
        retry=Retry.BOUNDED,
        meaning="The model was reached, and took longer for each answer than a call may take.",
        advice="Redrive when the model is less busy; if it comes again, submit a shorter log.",
        redrive_helps=True,
    ),
    Entry(
        failure_class=FailureClass.BAD_OUTPUT,
        title="Bad output",
        retry=Retry.BOUNDED,
        meaning="The answers did not fit the schema, were too long, or cited lines that are not there.",
        advice="Redrive once; if it comes again, try another model or a smaller excerpt.",
        redrive_helps=True,
    ),
    Entry(
        failure_class=FailureClass.INPUT_TOO_LARGE,
        title="Input too large",
        retry=Retry.NEVER,
        meaning="The log is larger than the engine takes.",
        advice="Submit a smaller excerpt around the fault; a redrive would fail the same way.",
        redrive_helps=False,
    ),
    Entry(
        failure_class=FailureClass.NO_EVIDENCE,
        title="No evidence",
        retry=Retry.NEVER,
        meaning="The log is empty, or holds nothing that an analysis could stand on.",
        advice="Submit a log that contains the fault; a redrive would fail the same way.",
        redrive_helps=False,
    ),
    Entry(
        failure_class=FailureClass.BUDGET,
        title="Budget",
        retry=Retry.NEVER,
        meaning="The tokens of the job or of its client would not have sufficed, so the model was not asked.",
        advice="Raise the budget, or wait until it begins anew, then redrive.",
        redrive_helps=True,
    ),
    Entry(
        failure_class=FailureClass.INVALID_REQUEST,
        title="Invalid request",
        retry=Retry.NEVER,
        meaning="The request asks for what cannot be done, such as a topic that takes no results.",
        advice="Submit it again as it should be; a redrive would fail the same way.",
        redrive_helps=False,
    ),
    Entry(
        failure_class=FailureClass.TIMEOUT,
        title="Timeout",
        retry=Retry.BOUNDED,
        meaning="No worker claimed the job in time, or each that did fell silent before it had an answer.",
        advice="See that analysis workers and the relay run, then redrive.",
        redrive_helps=True,
    ),
    Entry(
        failure_class=FailureClass.UNEXPECTED,
        title="Unexpected",
        retry=Retry.BOUNDED,
        meaning="The analysis broke for a reason nobody expected: most likely a defect of ours.",
        advice="Look into the worker's log by the request id. Redrive after the defect is repaired.",
        redrive_helps=True,
    ),
)
CATALOGUE: Mapping[FailureClass, Entry] = MappingProxyType({each.failure_class: each for each in _ENTRIES})


def entry(failure_class: str) -> Entry | None:
    """The entry of a class by its name; None for a job that was cancelled, or a name that is none."""
    try:
        return CATALOGUE[FailureClass(failure_class)]
    except ValueError:
        return None


def title(failure_class: str) -> str:
    """How people call it; the name itself if it is not known."""
    return found.title if (found := entry(failure_class)) else failure_class


def hint(failure_class: str) -> str:
    """What a person can do about it."""
    return found.advice if (found := entry(failure_class)) else ""


def table() -> str:
    """The catalogue as a table in Markdown."""
    tried = {
        Retry.NEVER: "no: it fails at once",
        Retry.BOUNDED: "`JOB_ATTEMPTS` tries",
        Retry.UNTIL_DEADLINE: "again and again, until a deadline",
    }
    rows = [
        f"| `{e.failure_class}` | {tried[e.retry]} | {e.meaning} | {e.advice} |" for e in CATALOGUE.values()
    ]
    return "\n".join(["| class | tried before | it means | what to do |", "|---|---|---|---|", *rows])
