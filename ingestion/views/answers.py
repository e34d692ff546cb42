"""What became of a request's events, as it is answered.

202: every event that fits is acknowledged by the broker. 200: it is stored as well, as was asked for.
400 (one event) and 422 (a batch): nothing fits, nothing was sent. 503: something is not acknowledged; the
whole request is to be sent again.
"""

from collections.abc import Callable

import msgspec
from django.http import HttpResponse

from heimdall_project.errors import Refused, Unavailable, Unprocessable
from heimdall_project.streams.admission import RETRY_AWAY

from ..selectors.receipts import Progress
from ..services.intake import Acceptance, Status

type Answer = Callable[[Acceptance, Progress | None], HttpResponse]
MOST_ERRORS = 2_000
"""Of one answer; a batch in which more is wrong is cut short."""
UNSURE = "The broker did not acknowledge it in time: it may be stored. Send it again with the same event_id."
UNSURE_MANY = (
    "The broker did not acknowledge every event in time: they may be stored. Send the request again with "
    "the same event_ids."
)


class ItemError(msgspec.Struct):
    """One thing that is wrong with an event."""

    path: str
    message: str


class ItemAnswer(msgspec.Struct, omit_defaults=True, gc=False):
    """What became of one event of a batch."""

    index: int
    status: Status
    event_id: str
    partition: int | None = None
    offset: int | None = None
    errors: list[ItemError] | None = None


class Reached(msgspec.Struct):
    """How far the events of a request have come; null where it could not be found out."""

    stored: int | None
    dead_lettered: int | None
    in_flight: int


class EventAnswer(msgspec.Struct, omit_defaults=True):
    """An event was accepted."""

    event_id: str
    status: Status
    topic: str
    partition: int
    offset: int
    durability: str
    receipt: str
    reached: Reached | None = None


class BatchAnswer(msgspec.Struct, omit_defaults=True):
    """What became of the events of a batch."""

    accepted: int
    invalid: int
    unknown: int
    refused: int
    topic: str
    durability: str
    items: list[ItemAnswer]
    receipt: str = ""
    reached: Reached | None = None


_encode = msgspec.json.Encoder().encode
_JSON = "application/json"


def event_answer(acceptance: Acceptance, progress: Progress | None) -> HttpResponse:
    """The answer about one event. Raises Refused or Unavailable."""
    [event_id], [status], [place] = acceptance.checked.ids, acceptance.statuses, acceptance.places
    if status is Status.INVALID:
        raise Refused("The event does not fit; see `errors`.", errors=dict(acceptance.checked.errors[0]))
    if place is None or acceptance.receipt is None:
        more = {"event_id": event_id, "outcome": status.value}
        raise Unavailable(UNSURE, retry_after=RETRY_AWAY, more=more)
    answer = EventAnswer(
        event_id=event_id,
        status=status,
        topic=acceptance.receipt.topic,
        partition=place[0],
        offset=place[1],
        durability=_durability(progress),
        receipt=acceptance.receipt.text,
        reached=_reached(progress),
    )
    return HttpResponse(_encode(answer), status=_status(progress), content_type=_JSON)


def batch_answer(acceptance: Acceptance, progress: Progress | None) -> HttpResponse:
    """The answer about a batch. Raises Unprocessable or Unavailable."""
    counts, receipt = acceptance.counts, acceptance.receipt
    answer = BatchAnswer(
        accepted=counts[Status.ACCEPTED],
        invalid=counts[Status.INVALID],
        unknown=counts[Status.UNKNOWN],
        refused=counts[Status.REFUSED],
        topic=acceptance.topic,
        durability=_durability(progress) if receipt else "none",
        items=_items(acceptance),
        receipt=receipt.text if receipt else "",
        reached=_reached(progress),
    )
    if answer.unknown or answer.refused:
        raise Unavailable(UNSURE_MANY, retry_after=RETRY_AWAY, more=msgspec.to_builtins(answer))
    if not answer.accepted:
        raise Unprocessable("No event of the batch fits; see `items`.", more=msgspec.to_builtins(answer))
    return HttpResponse(_encode(answer), status=_status(progress), content_type=_JSON)


def _items(acceptance: Acceptance) -> list[ItemAnswer]:
    wrong, room = acceptance.checked.errors, MOST_ERRORS
    rows = zip(acceptance.checked.ids, acceptance.statuses, acceptance.places, strict=True)
    told = [
        ItemAnswer(index, status, event_id, *(place or ()))
        for index, (event_id, status, place) in enumerate(rows)
    ]
    for index, errors in wrong.items():
        told[index].errors = [ItemError(path, message) for path, message in errors[:room]]
        room -= len(told[index].errors or ())
    return told


def _durability(progress: Progress | None) -> str:
    return "stored" if progress is not None and progress.is_stored else "kafka"


def _status(progress: Progress | None) -> int:
    return 200 if progress is not None and progress.is_stored else 202


def _reached(progress: Progress | None) -> Reached | None:
    if progress is None:
        return None
    in_flight = progress.events - progress.passed
    return Reached(stored=progress.stored, dead_lettered=progress.dead_lettered, in_flight=in_flight)


__all__ = ["Answer", "batch_answer", "event_answer"]
