"""A body as the bytes of its events: unpacked within a bound, split at the events and not changed. Pure.

What is wrong with one event is told for that event (`items.py`); what stands here concerns the body as a
whole, of which then nothing is taken.
"""

import zlib
from typing import Protocol

import msgspec

from heimdall_project.errors import Refused, TooLarge, UnsupportedMedia

JSON = "application/json"
LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-lines")
BLANKS = b" \t\r\n"
"""What JSON takes for blanks."""
MOST_COMMAS = 64
"""On average an event: what is split first and counted then must not take more room than it is worth."""
_GZIP = 31
_PIECE = 16_384
_items = msgspec.json.Decoder(list[msgspec.Raw])


def unpacked(body: bytes, encoding: str, *, most: int) -> bytes:
    """The body without its content encoding. Raises UnsupportedMedia, TooLarge, or Refused."""
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _inflated(body, most)
        case _:
            raise UnsupportedMedia("Content-Encoding may be gzip or identity.")


def _inflated(body: bytes, most: int) -> bytes:
    """In pieces: what stands behind a member is copied, and a body may be a hundred thousand empty ones."""
    whole, member = bytearray(), None
    for at in range(0, len(body), _PIECE):
        piece = body[at : at + _PIECE]
        while piece:
            member = member or zlib.decompressobj(_GZIP)
            try:
                whole += member.decompress(piece, most + 1 - len(whole))
            except zlib.error:
                raise Refused("The body is not gzip.") from None
            if len(whole) > most:
                raise TooLarge(f"A body may have {most} bytes at most after decompression.")
            if not member.eof:
                break
            piece, member = member.unused_data, None
    if member is not None:
        raise Refused("The body is not gzip: it ends too early.")
    return bytes(whole)


class Splitter(Protocol):
    """Takes a body apart."""

    def __call__(self, body: bytes, media_type: str, *, most: int) -> list[bytes]:
        """The bytes of each event, in order; `most` events at most."""
        ...


def event_in(body: bytes, media_type: str, *, most: int) -> list[bytes]:
    """A body that is one event. Raises UnsupportedMedia or Refused."""
    if _kind(media_type) != JSON:
        raise UnsupportedMedia(f"Send {JSON}.")
    if not (event := body.strip(BLANKS)):
        raise Refused("The body is not JSON: it is empty.", errors={"$": "It holds no event."})
    return [event]


def events_in(body: bytes, media_type: str, *, most: int) -> list[bytes]:
    """The bytes of each event, in order. Raises UnsupportedMedia, TooLarge, or Refused."""
    kind = _kind(media_type)
    if kind == JSON:
        events = _of_array(body, most)
    elif kind in LINES:
        events = _of_lines(body, most)
    else:
        raise UnsupportedMedia(f"Send {JSON} (an array) or {LINES[0]} (an event a line).")
    if not events:
        raise Refused("The body holds no event.", errors={"$": "It holds no event."})
    if len(events) > most:
        raise _too_many(most)
    return events


def _kind(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _of_array(body: bytes, most: int) -> list[bytes]:
    if body.count(b",") > most * MOST_COMMAS:
        raise _too_many(most)
    try:
        return list(map(bytes, _items.decode(body)))
    except msgspec.ValidationError:
        raise Refused("The body is not an array.", errors={"$": "It must be an array of events."}) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(f"The body is not JSON: {error}"[:300]) from None
    except RecursionError:
        raise Refused("The body is not JSON that can be read: it is nested too deep.") from None


def _of_lines(body: bytes, most: int) -> list[bytes]:
    """Lines that hold something; a line that is no event is told like any other event that does not fit."""
    if body.count(b"\n") > most * MOST_COMMAS:
        raise _too_many(most)
    return [line for each in body.split(b"\n") if (line := each.strip(BLANKS))]


def _too_many(most: int) -> TooLarge:
    return TooLarge(f"A request may hold {most} events at most.")
