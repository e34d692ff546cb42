"""Records that people send again: their marks, and who takes them instead of the topic.

A redriven record carries `redrive_id`, `redrive_for` (a group), `redrive_count` and a MAC over these, the
topic, key and value. Groups that it is not for skip it (counted). Without a valid MAC the marks are not
ours, and the record is an ordinary one.

The dead letter of a redriven record carries the id, and a proof: a MAC of the worker that found it failed
again. Without a valid one nobody believes that a dead letter belongs to a redrive.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from .consumer import Redrive
from .records import Headers, Record

ID, FOR, COUNT, MAC = "redrive_id", "redrive_for", "redrive_count", "redrive_mac"
PROOF = "redrive_proof"
MARKS = frozenset({ID, FOR, COUNT, MAC, PROOF})
MAX_COUNT = 1000


@dataclass(frozen=True)
class Addressed:
    """A valid redrive mark: for whom, and what a handler may know of it."""

    group: str
    redrive: Redrive


def marks(
    *, topic: str, key: bytes | None, value: bytes | None, redrive_id: str, group: str, count: int
) -> Headers:
    """Headers that make a record a redrive for one group."""
    mac = _mac(settings.SECRET_KEY, topic, key, value, redrive_id, group, str(count))
    return [
        (ID, redrive_id.encode()),
        (FOR, group.encode()),
        (COUNT, str(count).encode()),
        (MAC, mac.encode()),
    ]


def read(record: Record) -> Addressed | None:
    """The redrive mark of a record; None if it has none, or one that we did not make."""
    if record.headers is None or not any(name == MAC for name, _ in record.headers):
        return None
    redrive_id, group, count, mac = (record.header(name) for name in (ID, FOR, COUNT, MAC))
    if not (redrive_id and group and count and mac) or len(redrive_id) > 64:
        return None
    signed = (record.topic, record.key, record.value, redrive_id, group, count)
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if not any(constant_time_compare(_mac(key, *signed), mac) for key in keys):
        return None
    return Addressed(group, Redrive(redrive_id, min(int(count), MAX_COUNT)))


def proof(*, record: Record, redrive_id: str, group: str) -> str:
    """What a worker of `group` says of a redriven record that failed again; stands on its dead letter."""
    return _proof(settings.SECRET_KEY, record, redrive_id, group)


def is_proven(*, record: Record, redrive_id: str, group: str, said: str) -> bool:
    """Whether `said` is the proof that this record, sent again by that redrive, failed in that group."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(_proof(key, record, redrive_id, group), said) for key in keys)


def _proof(secret: str, record: Record, redrive_id: str, group: str) -> str:
    place = f"failed:{record.partition}:{record.offset}"
    return _mac(secret, record.topic, record.key, record.value, redrive_id, group, place)


def _mac(
    secret: str, topic: str, key: bytes | None, value: bytes | None, redrive_id: str, group: str, count: str
) -> str:
    parts = [
        topic.encode(),
        _digest(key),
        _digest(value),
        redrive_id.encode(),
        group.encode(),
        count.encode(),
    ]
    # Lengths first, so that no two different lists of parts make the same text.
    text = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return salted_hmac("heimdall.redrive", text, secret=secret, algorithm="sha256").hexdigest()


def _digest(data: bytes | None) -> bytes:
    return b"" if data is None else hashlib.sha256(data).digest()


# --- Redrive targets ------------------------------------------------------------------------------------


class RedriveTarget(Protocol):
    """What replaces plain republishing for a topic, such as a new attempt of a job.

    It need not answer for every letter of its topic: a topic may also carry records of outside producers, of
    which the target knows nothing. What it does not take (`takes`) is republished as on any other topic, so
    ask `target_for` and not `target` before a letter is sent again.
    """

    def takes(self, letter: "Letter") -> bool:
        """Whether this letter is the target's to send again; reads only. False: republish it plainly."""
        ...

    def redrive(self, letter: "Letter", *, redrive_id: str, actor: Any, reason: str) -> str:
        """Send it again; answers a reference for `state`. Doing it twice with one id does it once."""
        ...

    def state(self, reference: str) -> str:
        """`pending`, `resolved`, or `failed`."""
        ...

    def came_of(self, letters: "Sequence[Letter]") -> list[str]:
        """For each dead letter, the redrive that its record came of and that failed; "" for none.

        The record of a redrive of the target's own is a new one, without marks: only the target knows.
        """
        ...


@dataclass(frozen=True)
class Letter:
    """A dead letter as a redrive target sees it."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, str]


_targets: dict[str, RedriveTarget] = {}


def redrive_target(topic: str) -> Callable[[type[RedriveTarget]], type[RedriveTarget]]:
    """Class decorator: this target takes the dead letters of `topic` (logical name)."""

    def add(kind: type[RedriveTarget]) -> type[RedriveTarget]:
        if topic in _targets:
            raise ValueError(f"{topic} has a redrive target already: {type(_targets[topic]).__qualname__}")
        _targets[topic] = kind()
        return kind

    return add


def target(topic: str) -> RedriveTarget | None:
    """The registered target of a topic; None means plain republishing."""
    return _targets.get(topic)


def target_for(letter: Letter) -> RedriveTarget | None:
    """The target that takes this letter; None means plain republishing."""
    found = target(letter.topic)
    return found if found is not None and found.takes(letter) else None
