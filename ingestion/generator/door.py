"""Sends records by HTTP, to `POST /api/v1/ingest/events/batch` of a running system."""

import base64
import http.client
import json
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from heimdall_project.errors import Refused
from heimdall_project.streams.ports import Clock

from .blocks import Made
from .running import Answer
from .truth import Fate

PATH = "/api/v1/ingest/events/batch"
MOST_RECORDS, MOST_BYTES = 500, 1_000_000
"""Of one request."""
TIMEOUT = 30.0
"""Seconds without an answer after which what was sent is unknown; the door waits ten for its broker."""
PAUSES = (0.2, 10.0)
"""Seconds before the first try again, and at most; a door that says `Retry-After` is asked then."""
_FATES = {"accepted": Fate.ACKED, "invalid": Fate.REFUSED, "unknown": Fate.UNKNOWN, "refused": Fate.UNSENT}


class Reply(NamedTuple):
    """What a door said, or why nothing came."""

    status: int
    """0: no answer came, though the request may have arrived; -1: nobody was reached."""
    fates: Sequence[Fate] = ()
    """Of each record, if the door said so."""
    retry_after: float = 0.0
    why: str = ""

    @property
    def is_unsure(self) -> bool:
        """Whether records without a fate may be there."""
        return self.status == 0 or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR


class HttpSink:
    """Lines of JSON by one connection that stays open; what was not accepted is sent again for a while."""

    def __init__(
        self,
        url: str,
        *,
        user: str,
        password: str,
        give_up: float,
        clock: Clock,
        pause: Callable[[float], object],
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise ValueError("give an address as http://host:port, without user name and password")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=TIMEOUT)
        self._path = parts.path.rstrip("/") + PATH
        self._give_up, self._clock, self._pause = give_up, clock, pause
        login = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {login}", "Content-Type": "application/x-ndjson"}

    def send(self, records: Sequence[Made]) -> Answer:
        """See `couriers.Sink`."""
        fates = [Fate.UNSENT] * len(records)
        extra = 0
        for part in _parts(records, fates):
            try:
                more, trouble = self._send_part(records, part, fates)
            except Refused as error:
                return Answer(fates, extra, error.detail, is_hopeless=True)
            extra += more
            if trouble:
                return Answer(fates, extra, trouble)
        return Answer(fates, extra)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _send_part(self, records: Sequence[Made], part: list[int], fates: list[Fate]) -> tuple[int, str]:
        """Send the records of these indices until each is accepted or refused, or time is up."""
        end, wait, extra = self._clock.monotonic() + self._give_up, PAUSES[0], 0
        while True:
            reply = self._post(b"\n".join(records[index].value for index in part))
            for index, fate in zip(part, reply.fates, strict=len(reply.fates) > 0):
                fates[index] = fate if fate in (Fate.ACKED, Fate.REFUSED) else max(fates[index], fate)
            if not reply.fates and reply.is_unsure:
                for index in part:
                    fates[index] = Fate.UNKNOWN
            part = [index for index in part if fates[index] not in (Fate.ACKED, Fate.REFUSED)]
            if not part:
                return extra, ""
            if self._clock.monotonic() >= end:
                return extra, reply.why
            self._pause(max(reply.retry_after, wait))
            wait = min(wait * 2, PAUSES[1])
            extra += sum(fates[index] is Fate.UNKNOWN for index in part)

    def _post(self, body: bytes) -> Reply:
        try:
            if self._connection.sock is None:
                self._connection.connect()
        except OSError as error:
            return Reply(-1, why=f"nobody can be reached: {error}")
        try:
            self._connection.request("POST", self._path, body, self._headers)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return Reply(0, why=f"no answer came: {type(error).__name__}")
        return _read(response.status, response.headers.get("Retry-After"), text)


def _parts(records: Sequence[Made], fates: list[Fate]) -> list[list[int]]:
    """Indices of the records of each request. A door passes empty lines over, which is to refuse them."""
    parts: list[list[int]] = [[]]
    size = 0
    for index, made in enumerate(records):
        if not made.value.strip():
            fates[index] = Fate.REFUSED
            continue
        size += len(made.value) + 1
        if parts[-1] and (len(parts[-1]) == MOST_RECORDS or size > MOST_BYTES):
            parts.append([])
            size = len(made.value) + 1
        parts[-1].append(index)
    return [part for part in parts if part]


def _read(status: int, retry_after: str | None, text: bytes) -> Reply:
    """A door's answer. Raises Refused for one that says that the whole request is wrong."""
    said = _json(text)
    items = said.get("items")
    fates = [_FATES[item["status"]] for item in items] if isinstance(items, list) else []
    why = f"{status} {said.get('title') or HTTPStatus(status).phrase}: {said.get('detail') or ''}".rstrip(
        ": "
    )
    if (
        not fates
        and status not in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT)
        and status < 500
    ):
        raise Refused(f"the door refuses the whole request: {why}")
    seconds = float(retry_after) if retry_after and retry_after.isdigit() else 0.0
    return Reply(status, fates, seconds, why)


def _json(text: bytes) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
