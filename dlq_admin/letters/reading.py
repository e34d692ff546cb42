"""A dead letter's headers, whoever wrote them, as facts."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

from heimdall_project.streams.records import Record

from ..states import Disposition, Writer
from . import connect, heimdall, spring
from .again import digest_of
from .cause import Cause, normalised
from .claim import Claim
from .facts import ID_MOST, KEY_MOST, TEXT_MOST, Facts
from .said import MOST_NUMBER, Said, moment_of
from .texts import text_of

_READERS: tuple[tuple[Writer, Callable[[Said], bool], Callable[[Said], Claim]], ...] = (
    (Writer.HEIMDALL, heimdall.wrote, heimdall.claim),
    (Writer.SPRING, spring.wrote, spring.claim),
    (Writer.CONNECT, connect.wrote, connect.claim),
)
_EPOCH = datetime.fromtimestamp(0, UTC)


class KnownTopics(NamedTuple):
    """What the catalogue of topics says: names as on the broker to names here, and who may be an origin."""

    prefix: str
    dead_letters: dict[str, str]
    """Topics whose records may become dead letters, to where those go."""

    def origin(self, said: str, *, read_from: str, ours: bool) -> str:
        """The topic that a letter says it is from; "" if there is none, or ours do not go there."""
        name = said if ours else said.removeprefix(self.prefix)
        goes_to = self.dead_letters.get(name)
        return name if goes_to and (goes_to == read_from or not ours) else ""


def read(record: Record, topics: KnownTopics) -> Facts:
    """The facts of a dead letter. Total: never raises, whatever the record is."""
    said = Said(record.headers)
    writer, claim = _claim(said)
    topic = topics.origin(claim.topic, read_from=record.topic, ours=writer is Writer.HEIMDALL)
    if claim.topic and not topic:
        said.flaw("original_topic")
    known = bool(topic) and claim.partition is not None and claim.offset is not None
    if known:
        place = (topic, claim.partition or 0, claim.offset or 0, claim.group)
    else:
        place = (record.topic, record.partition, record.offset, "")
    cause = Cause(
        claim.group,
        topic or record.topic,
        claim.error_class,
        normalised(claim.error_message),
        claim.stack_hash,
        said.text("schema", ID_MOST),
        claim.disposition,
    )
    sha = said.raw("payload_sha256") if writer is Writer.HEIMDALL else None
    if sha is not None and sha != sha256(record.value or b"").hexdigest().encode():
        said.flaw("payload_sha256")
    return Facts(
        topic=place[0],
        partition=place[1],
        offset=place[2],
        group=place[3],
        origin_known=known,
        writer=writer,
        cause=cause,
        letter_topic=record.topic,
        letter_partition=record.partition,
        letter_offset=record.offset,
        failed_at=moment_of(min(record.timestamp, MOST_NUMBER)) or _EPOCH,
        original_at=moment_of(claim.timestamp),
        first_failed_at=claim.first_failed_at,
        worker=claim.worker,
        worker_version=claim.worker_version,
        error_message=claim.error_message[:TEXT_MOST],
        attempts=claim.attempts,
        event_id=said.text("event_id", ID_MOST),
        correlation_id=said.text("correlation_id", ID_MOST),
        trace_id=_trace(said),
        key_text=text_of(record.key, KEY_MOST),
        digest=digest_of(record.key, record.value, record.headers, writer),
        size=record.size,
        redrive_id=claim.redrive_id,
        redrive_count=claim.redrive_count,
        flaws=list(said.flaws),
    )


def _claim(said: Said) -> tuple[Writer, Claim]:
    for writer, wrote, claim in _READERS:
        if wrote(said):
            return writer, claim(said)
    return Writer.UNKNOWN, Claim(disposition=Disposition.UNEXPECTED)


def _trace(said: Said) -> str:
    """The trace id of a W3C `traceparent`."""
    parts = said.text("traceparent", 60).split("-")
    found = parts[1] if len(parts) >= 4 else ""
    fits = len(found) == 32 and found.isascii() and found.isalnum() and found == found.lower()
    return found if fits else ""
