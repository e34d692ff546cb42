"""What travels: records read, records to publish, and where they stand."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

type Headers = list[tuple[str, bytes | None]]


class Partition(NamedTuple):
    """A partition of a topic."""

    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.number}]"


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record as the broker gave it. Bytes are never changed.

    `timestamp` is the broker's, in milliseconds since the epoch.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers | None = None

    @property
    def place(self) -> Partition:
        """The partition it stands in."""
        return Partition(self.topic, self.partition)

    def header(self, name: str) -> str | None:
        """The last header of that name as text, or None if it is absent or not UTF-8."""
        for key, value in reversed(self.headers or ()):
            if key == name and value is not None:
                try:
                    return value.decode()
                except UnicodeDecodeError:
                    return None
        return None

    @property
    def size(self) -> int:
        """Bytes of key and value; what batches and buffers are bounded by."""
        return len(self.value or b"") + len(self.key or b"")

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]@{self.offset}"


class Outgoing(msgspec.Struct, frozen=True):
    """A record to publish."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    headers: Headers = []


class Delivered(NamedTuple):
    """Where the broker put a published record."""

    topic: str
    partition: int
    offset: int


def text_headers(headers: Mapping[str, str]) -> Headers:
    """Headers as the client wants them."""
    return [(name, value.encode()) for name, value in headers.items()]
