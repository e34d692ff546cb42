"""What the client hands over, as records."""

from collections.abc import Mapping
from operator import itemgetter

from confluent_kafka import Message

from ..records import Headers, Record

UNREADABLE_HEADERS = "unreadable_headers"
"""Stands in for the headers of a record whose header names are not UTF-8: the client cannot show them."""
_stamp = itemgetter(1)


def records_of(messages: list[Message], names: Mapping[str, str]) -> list[Record]:
    """Records of messages. Mapped, not looped: the dearest step of reading (`benchmarks/runtime.py`)."""
    return list(
        map(
            Record,
            map(names.__getitem__, map(Message.topic, messages)),
            map(Message.partition, messages),
            map(Message.offset, messages),
            map(_stamp, map(Message.timestamp, messages)),
            map(Message.key, messages),
            map(Message.value, messages),
            _headers(messages),
        )
    )


def _headers(messages: list[Message]) -> list[Headers | None]:
    """Headers of messages. For a name that is not UTF-8 the client makes a tuple with a hole, which ends the
    process when it is touched, and says so only once: so each message is asked once."""
    found: list[Headers | None] = []
    rest = map(Message.headers, messages)
    while True:
        try:
            found.extend(rest)  # keeps what came before the exception
            return found
        except SystemError as error:
            found.append([(UNREADABLE_HEADERS, str(error.__cause__).encode())])
