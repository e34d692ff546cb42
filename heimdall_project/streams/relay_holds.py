"""What the relay may mark as sent after a batch, and what it leaves alone for a while. Pure.

Nothing is given up and nothing overtakes within its key: a key whose row was refused waits, with all its
rows, and is tried again for as long as it takes; other keys go on. If a topic takes nothing at all, it
waits as a whole. Waits grow to `POLICY.ceiling`. After a failure only the oldest row of a key is tried, so
that what can never be sent does not drag copies of its successors along.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from ..errors import DeliveryFailed
from .records import Delivered
from .retry import RetryPolicy

POLICY = RetryPolicy(base=0.5, ceiling=20.0)
MANY_KEYS = 10
"""So many keys of a topic refused and none taken: then it is the topic, not the keys."""
MOST_KEYS = 10_000
"""Keys that may wait singly; beyond that, their topics wait."""
FORGET_AFTER = 600.0
"""Seconds after its wait in which a key that never came back (its row was deleted) is forgotten."""


class Key(NamedTuple):
    """What order is kept for."""

    topic: str
    key: bytes | None


class Settled(NamedTuple):
    """What the broker's answers to a batch mean."""

    sent: list[int]
    """Positions in the batch that may be marked: delivered, and nothing of their key before them failed."""
    failed: dict[Key, str]
    """Keys with a failure, and the reason of the first."""


def settle(keys: Sequence[Key], answers: Sequence[Delivered | DeliveryFailed]) -> Settled:
    """Judge a batch. Rows after a failed one of their key are published again, even if they came through."""
    sent: list[int] = []
    failed: dict[Key, str] = {}
    for position, (key, answer) in enumerate(zip(keys, answers, strict=True)):
        if isinstance(answer, DeliveryFailed):
            failed.setdefault(key, str(answer))
        elif key not in failed:
            sent.append(position)
    return Settled(sent, failed)


class Held(NamedTuple):
    """What must not be selected now."""

    topics: list[str]
    keys: list[Key]


@dataclass(slots=True)
class _Hold:
    failures: int
    until: float


class Holds:
    """Topics and keys with failures and no success since. Times are monotonic seconds."""

    def __init__(self, draw: Random) -> None:
        self._draw = draw
        self._topics: dict[str, _Hold] = {}
        self._keys: dict[Key, _Hold] = {}

    def learn(self, keys: Sequence[Key], settled: Settled, now: float) -> None:
        """Take note of a batch."""
        taken = {keys[position] for position in settled.sent}
        alive = {key.topic for key in taken}
        for topic in alive:
            self._topics.pop(topic, None)
        for key in taken - settled.failed.keys():
            self._keys.pop(key, None)
        for topic in {key.topic for key in settled.failed}:
            refused = [key for key in settled.failed if key.topic == topic]
            whole = topic not in alive and len(refused) >= MANY_KEYS
            if whole or len(self._keys) + len(refused) > MOST_KEYS:
                _grow(self._topics, topic, now, self._draw)
                continue
            for key in refused:
                _grow(self._keys, key, now, self._draw)

    def held(self, now: float) -> Held:
        """What has to wait longer."""
        for forgotten in [k for k, hold in self._keys.items() if hold.until < now - FORGET_AFTER]:
            del self._keys[forgotten]
        return Held(
            [topic for topic, hold in self._topics.items() if hold.until > now],
            [key for key, hold in self._keys.items() if hold.until > now],
        )

    def __len__(self) -> int:
        """Topics and keys in trouble, waiting or being tried."""
        return len(self._topics) + len(self._keys)

    def probe(self, keys: Iterable[Key]) -> list[int]:
        """Positions to publish: all, but of a key with a failure only the first."""
        seen: set[Key] = set()
        chosen = []
        for position, key in enumerate(keys):
            if key in self._keys or key.topic in self._topics:
                if key in seen:
                    continue
                seen.add(key)
            chosen.append(position)
        return chosen


def _grow[T: Hashable](holds: dict[T, _Hold], what: T, now: float, draw: Random) -> None:
    failures = holds[what].failures + 1 if what in holds else 1
    holds[what] = _Hold(failures, now + POLICY.delay(failures, draw))
