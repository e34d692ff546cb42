"""Events of a request on their way into Kafka: what fits is sent, what is acknowledged is accepted."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

from heimdall_project.events.page_views import SCHEMA
from heimdall_project.observability import metrics, tracing
from heimdall_project.observability.logging import get_logger
from heimdall_project.streams.broker import Flight
from heimdall_project.streams.intake import intake, refuse_full
from heimdall_project.streams.records import text_headers
from heimdall_project.streams.topics import Topic

from ..intake import Checked, checked
from ..receipts import Receipt, receipt_of

log = get_logger(__name__)
MOST_EVENT_BYTES = 65_536
RECORD_MARGIN = 2_048
"""Bytes of a record beside its value: key, headers, framing."""


class Status(StrEnum):
    """What became of one event of a request."""

    ACCEPTED = "accepted"
    """The broker has acknowledged it."""
    INVALID = "invalid"
    """It does not fit the contract; nothing was sent."""
    UNKNOWN = "unknown"
    """It was sent and not acknowledged in time: it may be stored."""
    REFUSED = "refused"
    """There was no room to send it; it is not stored."""


@dataclass(frozen=True)
class Acceptance:
    """What became of the events of a request, in columns of their order."""

    checked: Checked
    statuses: Sequence[Status]
    places: Sequence[tuple[int, int] | None]
    """Partition and offset of those that are accepted."""
    receipt: Receipt | None
    """None where nothing is accepted."""
    counts: Counter[Status]
    topic: str = Topic.PAGE_VIEWS


def events_accept(*, raws: Sequence[bytes], correlation_id: str, deadline: float) -> Acceptance:
    """Check and send; wait for the broker's acknowledgements until `deadline` (monotonic).

    Raises Busy or Unavailable where nothing was sent.
    """
    most = min(MOST_EVENT_BYTES, settings.KAFKA_MAX_RECORD_BYTES - RECORD_MARGIN)
    told = checked(raws, most=most)
    sound = [
        (event.content_id.encode(), raw)
        for event, raw in zip(told.events, raws, strict=True)
        if event is not None
    ]
    flight = _sent(sound, correlation_id, deadline) if sound else None
    if flight is not None and not flight.unsent:
        raise refuse_full()
    acceptance = _acceptance(told, flight)
    for status, number in acceptance.counts.items():
        metrics.INTAKE_EVENTS.labels(status.value).inc(number)
    return acceptance


def _sent(sound: Sequence[tuple[bytes, bytes]], correlation_id: str, deadline: float) -> Flight:
    with tracing.span(f"send {Topic.PAGE_VIEWS}", kind=tracing.PRODUCER):
        headers = {"source": "http", "schema": SCHEMA, "correlation_id": correlation_id}
        if tracing.current().endswith("-01"):
            headers |= tracing.carried()
        return intake().publish(
            Topic.PAGE_VIEWS, sound, number=len(sound), headers=text_headers(headers), deadline=deadline
        )


def _acceptance(told: Checked, flight: Flight | None) -> Acceptance:
    """What is answered late, while this is read, stays unknown."""
    statuses, places = _fates(told, flight)
    accepted = [place for place in places if place is not None]
    counts = Counter(statuses)
    if flight is not None and len(accepted) < len(flight.places):
        _tell(flight, counts)
    receipt = receipt_of(Topic.PAGE_VIEWS, accepted, issued_at=int(time.time())) if accepted else None
    return Acceptance(told, statuses, places, receipt, counts)


def _fates(told: Checked, flight: Flight | None) -> tuple[list[Status], list[tuple[int, int] | None]]:
    number = len(told.events)
    if flight is None:
        return [Status.INVALID] * number, [None] * number
    landed = list(flight.places)
    sent = [
        Status.ACCEPTED if place else Status.UNKNOWN if index < flight.unsent else Status.REFUSED
        for index, place in enumerate(landed)
    ]
    if not told.errors:
        return sent, landed
    statuses, places = iter(sent), iter(landed)
    fits = [event is not None for event in told.events]
    return (
        [next(statuses) if each else Status.INVALID for each in fits],
        [next(places) if each else None for each in fits],
    )


def _tell(flight: Flight, counts: Counter[Status]) -> None:
    reasons = sorted(set(list(flight.failures.values())[:20]))
    log.warning(
        "Events of a request were not acknowledged.",
        action="events_not_acknowledged",
        reasons=reasons,
        **{status.value: number for status, number in counts.items()},
    )
