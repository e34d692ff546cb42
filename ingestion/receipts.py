"""Receipts: where the events of one request stand in Kafka, signed. No row is kept anywhere.

A receipt names topic, partitions and offsets, so that anybody who holds it can be told later what became of
the events. Its length is bounded: beyond `EXACT_BYTES` only first, last and number by partition are kept.
"""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.core.signing import BadSignature, Signer

from heimdall_project.errors import Gone, Refused

VERSION = 1
EXACT_BYTES = 1_000
"""Of places; twelve partitions and some hundred stretches."""
MOST_CHARACTERS = 8_000
_HEAD = struct.Struct(">BIB")
_SALT = "heimdall.ingestion.receipt"


class Stretch(NamedTuple):
    """Offsets of one partition, both included; `events` of them are meant."""

    first: int
    last: int
    events: int

    @property
    def is_exact(self) -> bool:
        """Whether every offset of it is meant."""
        return self.events == self.last - self.first + 1


@dataclass(frozen=True)
class Receipt:
    """What a receipt says."""

    topic: str
    issued_at: int
    """Seconds since the epoch."""
    places: dict[int, list[Stretch]]
    """By partition, in order."""

    @property
    def events(self) -> int:
        """How many events it is about."""
        return sum(stretch.events for stretches in self.places.values() for stretch in stretches)

    @property
    def text(self) -> str:
        """As it is handed out, signed."""
        name = self.topic.encode()
        body = _HEAD.pack(VERSION, self.issued_at, len(name)) + name
        told = b"" if sum(map(len, self.places.values())) > EXACT_BYTES // 3 else _packed(self.places)
        if not 0 < len(told) <= EXACT_BYTES:  # a stretch takes three bytes or more
            told = _packed({partition: [_whole(each)] for partition, each in self.places.items()})
        return _signer().sign(urlsafe_b64encode(body + told).rstrip(b"=").decode())


def receipt_of(topic: str, places: Iterable[tuple[int, int]], *, issued_at: int) -> Receipt:
    """A receipt for events at these partitions and offsets, one at least."""
    by_partition: dict[int, list[Stretch]] = {}
    stretches: list[Stretch] = []
    partition = first = last = -1
    for number, offset in sorted(places):
        if number == partition and offset == last + 1:
            last = offset
            continue
        if partition >= 0:
            stretches.append(Stretch(first, last, last - first + 1))
        if number != partition:
            partition, stretches = number, by_partition.setdefault(number, [])
        first = last = offset
    stretches.append(Stretch(first, last, last - first + 1))
    return Receipt(topic, issued_at, by_partition)


def _whole(stretches: Sequence[Stretch]) -> Stretch:
    return Stretch(stretches[0].first, stretches[-1].last, sum(each.events for each in stretches))


def read(text: str, *, now: float, lifetime: float) -> Receipt:
    """The receipt of a text. Raises Refused for one that was not made here, Gone for one that is too old."""
    try:
        if len(text) > MOST_CHARACTERS:
            raise BadSignature
        body = _signer().unsign(text)
        receipt = _unpacked(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (BadSignature, ValueError, struct.error, IndexError):
        told = "It was not issued here, or it was changed or cut off."
        raise Refused("This is no receipt.", errors={"receipt": told}) from None
    if now - receipt.issued_at > lifetime:
        raise Gone("This receipt is older than the events are kept in Kafka.")
    return receipt


def _signer() -> Signer:
    return Signer(sep=".", salt=_SALT)


# --- places as bytes: numbers of seven bits a byte, differences where numbers grow -------------------------


def _packed(places: dict[int, list[Stretch]]) -> bytes:
    numbers: list[int] = []
    for partition, stretches in places.items():
        numbers += (partition, len(stretches))
        behind = 0
        for first, last, events in stretches:
            numbers += (first - behind, last - first, last - first + 1 - events)
            behind = last
    return b"".join(map(_varint, numbers))


def _unpacked(body: bytes) -> Receipt:
    version, issued_at, length = _HEAD.unpack_from(body)
    if version != VERSION:
        raise ValueError("unknown version")
    start = _HEAD.size + length
    topic, numbers = body[_HEAD.size : start].decode(), _numbers(body[start:])
    places: dict[int, list[Stretch]] = {}
    for partition in numbers:
        behind, stretches = 0, []
        for _ in range(_next(numbers)):
            first = behind + _next(numbers)
            behind = first + _next(numbers)
            stretches.append(Stretch(first, behind, behind - first + 1 - _next(numbers)))
        places[partition] = stretches
    return Receipt(topic, issued_at, places)


def _next(numbers: Iterator[int]) -> int:
    for number in numbers:
        return number
    raise ValueError("it ends too early")


def _varint(number: int) -> bytes:
    if number < 0x80:
        return bytes((number,))
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _numbers(packed: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in packed:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield number
            number = shift = 0
    if shift:
        raise ValueError("it ends too early")
