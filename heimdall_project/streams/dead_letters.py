"""Dead letters: the record's own bytes, with headers that say what happened. Overwritten, never appended."""

import hashlib
import re
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings

from ..errors import InvalidMessage, RetriesExhausted
from ..observability.logging import scrub_text
from ..observability.masking import masked
from . import redrive, topics
from .letter_proof import PROOF, letter_proof
from .records import Headers, Outgoing, Record

MESSAGE_LIMIT = 500
MARGIN = 4096
"""Characters behind those that are kept that are looked at for secrets too."""
KEY_LIMIT = 4096
NEVER_KEPT = redrive.MARKS | {"original_key", PROOF}
"""Names that are ours even where we have nothing to say under them."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")


class SkippedByOperator(InvalidMessage):
    """An operator ordered to pass this record by."""

    disposition = "unexpected"


@dataclass(frozen=True, slots=True)
class Failure:
    """A record that goes to the dead letters, and why."""

    record: Record
    error: Exception
    attempts: int
    failed_at: float
    """Seconds since the epoch of the first failure."""

    @property
    def disposition(self) -> str:
        """poison | contract | retries_exhausted | unexpected."""
        if isinstance(self.error, InvalidMessage | RetriesExhausted):
            return self.error.disposition
        return "unexpected"


def topic_of(record: Record) -> str:
    """Where the dead letters of this record's topic go (logical name)."""
    return topics.spec(record.topic).dead_letters or record.topic


def build(failure: Failure, *, worker: str, group: str) -> Outgoing:
    """The dead letter of a failure: same key, same value, the record's headers, ours, and a proof of all."""
    record = failure.record
    ours = _headers(failure, worker=worker, group=group)
    headers: Headers = [(k, v) for k, v in record.headers or () if k not in ours and k not in NEVER_KEPT]
    headers += [(name, text.encode(errors="backslashreplace")) for name, text in ours.items()]
    proof = letter_proof(key=record.key, value=record.value, headers=headers)
    return Outgoing(
        topic=topic_of(record),
        key=record.key,
        value=record.value,
        headers=[*headers, (PROOF, proof.encode())],
    )


def _headers(failure: Failure, *, worker: str, group: str) -> dict[str, str]:
    record, error = failure.record, failure.error
    addressed = redrive.read(record)
    known = {
        "original_topic": record.topic,
        "original_partition": str(record.partition),
        "original_offset": str(record.offset),
        "original_timestamp": str(record.timestamp),
        "original_group": group,
        "worker": worker,
        "worker_version": settings.VERSION,
        "error_class": type(error).__qualname__,
        "error_message": scrubbed(error),
        "stack_hash": stack_hash(error),
        "disposition": failure.disposition,
        "attempts": str(failure.attempts),
        "first_failed_at": (_first_failure(record) if addressed else None) or _iso(failure.failed_at),
        "payload_sha256": hashlib.sha256(record.value or b"").hexdigest(),
        "redrive_id": addressed.redrive.redrive_id if addressed else "",
        "redrive_count": str(addressed.redrive.number if addressed else 0),
    }
    if addressed:
        redrive_id = addressed.redrive.redrive_id
        known["redrive_proof"] = redrive.proof(record=record, redrive_id=redrive_id, group=group)
    if record.key is not None and len(record.key) <= KEY_LIMIT:
        known["original_key"] = record.key.decode("utf-8", "backslashreplace")
    return known


def scrubbed(error: BaseException) -> str:
    """The error's text for people: one line, bounded, without the secrets that it quotes."""
    text = scrub_text(_CONTROLS.sub(" ", str(error) or type(error).__name__))
    return masked(text[: MESSAGE_LIMIT + MARGIN])[:MESSAGE_LIMIT]  # half a secret would not be recognised


def stack_hash(error: BaseException) -> str:
    """Names the place that raised, without line numbers, so that it survives unrelated edits."""
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    place = "|".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.name}" for frame in frames)
    return hashlib.sha256(f"{type(error).__qualname__}|{place}".encode()).hexdigest()[:16]


def _first_failure(record: Record) -> str | None:
    """What an earlier dead letter of ours said, if it is a time."""
    said = (record.header("first_failed_at") or "")[:40]
    try:
        return datetime.fromisoformat(said).isoformat()
    except ValueError:
        return None


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def as_dict(headers: Headers | None) -> dict[str, str]:
    """Headers as text, the last of a name winning; bytes that are no text are shown escaped."""
    return {name: (value or b"").decode("utf-8", "backslashreplace") for name, value in headers or ()}
