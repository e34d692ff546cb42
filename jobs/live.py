"""The timelines of all jobs that a user may see, as one event stream: `/stream/jobs`."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

from django.conf import settings
from django.db.models import F

from heimdall_project.accounts.models import User
from heimdall_project.api.stream import Event, Feed, Fetched
from heimdall_project.errors import Refused

from .models import JobTransition
from .selectors.horizon import Horizon, Settled
from .states import Status

ROUTE = "jobs"
PARAMETERS = ("status", "service")
MOST = 500
"""Lines one look brings."""
MOST_BEHIND = 10_000
"""Lines that a client may be behind; further back it is told to read the list anew."""
LONG_WAIT = 10.0
"""Seconds after which a transaction that keeps the stream waiting is told of."""
TOLD_EVERY = 60.0
"""A client whose filters let nothing through is told its position so often."""
PURGE_MARGIN = 300.0
_FIELDS = (
    "id",
    "at",
    "event",
    "from_status",
    "to_status",
    "topic",
    "partition",
    "offset",
    "actor",
    "trace_id",
    "note",
)
_horizon = Horizon()


class Position(NamedTuple):
    """Where a client stands: all lines up to `line` were told, at `at` (Unix time)."""

    line: int
    at: int

    def __str__(self) -> str:
        return f"{self.line}@{self.at}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The position in a `Last-Event-ID`; None for one that is none of ours."""
        line, at, seconds = text.partition("@")
        if at and all(part.isascii() and part.isdecimal() and len(part) < 19 for part in (line, seconds)):
            return cls(int(line), int(seconds))
        return None


class Chosen(NamedTuple):
    """Which lines: the filters of the query; empty lets everything through."""

    status: Sequence[str] = ()
    service: Sequence[str] = ()

    @classmethod
    def of(cls, query: Mapping[str, Sequence[str]]) -> Self:
        """Read them. Raises Refused."""
        chosen = cls(query.get("status", ()), query.get("service", ()))
        if set(chosen.status) - set(Status):
            raise Refused("There is no such state.", errors={"status": f"Of {', '.join(Status)}."})
        if len(chosen.service) > 20 or any(
            not 0 < len(name) <= 128 or "\0" in name for name in chosen.service
        ):
            raise Refused(
                "No such services.", errors={"service": "20 names at most, of 1 to 128 characters."}
            )
        return chosen


class JobNews(Feed):
    """Every settled line as an event, in the order of ids; none is left out, and none told twice."""

    def __init__(self, user: User, chosen: Chosen, horizon: Horizon = _horizon) -> None:
        self._owner = None if user.has_perm("jobs.view_analysisjob") else user.pk
        self._chosen, self._horizon = chosen, horizon
        self._position: int | None = None
        self._told_at = 0.0
        self._waits = self._lags = False

    def fetch(self, last_id: str | None) -> Fetched:
        """What is settled behind the position, and what the client has to know about the stream itself."""
        settled = self._horizon.look()
        events = self._waiting(settled)
        if self._position is None:
            if not settled.upto and settled.drawn:  # the first look tells nothing yet
                return Fetched(events)
            events += self._begin(last_id, settled)
        position = self._position or 0
        if settled.upto - position > MOST_BEHIND:
            return Fetched([*events, self._reset(settled, "The stream was too far behind.")])
        lines = self._lines(position, settled.upto)
        more = len(lines) == MOST
        if more and not self._lags:
            events.append(Event(None, "lagging", {"behind": settled.upto - position}))
        self._lags = more
        return Fetched([*events, *self._told(lines, settled, more=more)], more=more)

    def _begin(self, last_id: str | None, settled: Settled) -> list[Event]:
        if last_id is None:
            self._position = settled.upto
            return [Event(self._now(), "ready", {"position": settled.upto})]
        seen = Position.read(last_id)
        if seen is None or seen.line > settled.drawn:
            return [self._reset(settled, "That position is none of this stream.")]
        if time.time() - seen.at > settings.JOB_RETENTION - PURGE_MARGIN:
            return [self._reset(settled, "Lines behind that position may have been purged.")]
        self._position = seen.line
        return []

    def _reset(self, settled: Settled, why: str) -> Event:
        """Told when lines are left out: the client reads the list anew and goes on from here."""
        self._position, self._lags = settled.upto, False
        return Event(self._now(), "reset", {"detail": f"{why} Read the list anew.", "position": settled.upto})

    def _now(self) -> str:
        self._told_at = time.monotonic()
        return str(Position(self._position or 0, int(time.time())))

    def _waiting(self, settled: Settled) -> list[Event]:
        waits = settled.waiting > LONG_WAIT
        if waits == self._waits:
            return []
        self._waits = waits
        detail = "An open transaction holds lines back; they follow when it ends."
        return [Event(None, "trouble", {"detail": detail}) if waits else Event(None, "recovered", {})]

    def _lines(self, position: int, upto: int) -> list[dict[str, Any]]:
        if upto <= position:
            return []
        lines = JobTransition.objects.filter(pk__gt=position, pk__lte=upto)
        if self._owner is not None:
            lines = lines.filter(job__owner=self._owner)
        if self._chosen.status:
            lines = lines.filter(to_status__in=self._chosen.status)
        if self._chosen.service:
            lines = lines.filter(job__log_entry__service_name__in=self._chosen.service)
        rows = lines.order_by("pk").values(
            *_FIELDS,
            analysis_id=F("job_id"),
            number=F("attempt__number"),
            priority=F("job__priority"),
            service_name=F("job__log_entry__service_name"),
            environment=F("job__log_entry__environment"),
        )
        return list(rows[:MOST])

    def _told(self, lines: list[dict[str, Any]], settled: Settled, *, more: bool) -> list[Event]:
        events = []
        for line in lines:
            self._position = line["id"]
            events.append(Event(self._now(), line["event"], _shown(line)))
        if not more:
            self._position = max(self._position or 0, settled.upto)
        if time.monotonic() - self._told_at > TOLD_EVERY:
            events.append(Event(self._now(), "", None))
        return events


def _shown(line: dict[str, Any]) -> dict[str, Any]:
    attempt = line.pop("number")
    return line | {"attempt": attempt, "moved": line["from_status"] != line["to_status"]}


def job_news(user: User, query: Mapping[str, Sequence[str]]) -> JobNews:
    """The stream of all jobs that `user` may see. Raises Refused for filters that do not fit."""
    return JobNews(user, Chosen.of(query))
