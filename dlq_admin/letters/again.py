"""The record that is sent again: its bytes, and its own headers without what its dead letter added. Pure."""

import hashlib

import msgspec

from heimdall_project.streams.records import Headers

from ..states import Writer
from . import connect, spring

MARK, DIGEST_SIZE = b"\2", 33
OURS = frozenset(
    {
        "original_topic", "original_partition", "original_offset", "original_timestamp", "original_group",
        "original_key", "worker", "worker_version", "error_class", "error_message", "stack_hash",
        "disposition", "attempts", "payload_sha256",
        "redrive_id", "redrive_for", "redrive_count", "redrive_mac", "redrive_proof", "letter_proof",
    }
)  # fmt: skip
"""What our runtime adds. `TOLD_ANEW` stays."""

TOLD_ANEW = "first_failed_at"
"""Sent again, so that the next dead letter tells it; differs where a letter is written twice."""


def own_headers(headers: Headers | None, writer: str) -> Headers:
    """Headers of the record itself, in their order."""
    if writer == Writer.HEIMDALL:
        return [(name, value) for name, value in headers or () if name not in OURS]
    added = {Writer.SPRING: spring.ADDED, Writer.CONNECT: (connect.PREFIX,)}.get(Writer(writer))
    marks = {name for name in OURS if name.startswith("redrive_")}
    return [
        (name, value)
        for name, value in headers or ()
        if name not in marks and not (added and name.startswith(added))
    ]


def digest_of(
    key: bytes | None, value: bytes | None, headers: Headers | None = None, writer: str = Writer.UNKNOWN
) -> bytes:
    """Names what is sent again: SHA-256 of key, value and the record's own headers, behind a mark.

    None and empty are told apart. Two letters with one digest carry the same record.
    """
    digest = _of_bytes(key, value)
    own = [each for each in own_headers(headers, writer) if each[0] != TOLD_ANEW] if headers else []
    if own:
        digest.update(msgspec.msgpack.encode(own))
    return MARK + digest.digest()


def is_of(
    digest: bytes, *, key: bytes | None, value: bytes | None, headers: Headers | None, writer: str
) -> bool:
    """Whether this digest names this record. One without the mark is from when headers were left out."""
    if digest[:1] == MARK and len(digest) == DIGEST_SIZE:
        return digest == digest_of(key, value, headers, writer)
    return digest == _of_bytes(key, value).digest()


def _of_bytes(key: bytes | None, value: bytes | None) -> "hashlib._Hash":
    digest = hashlib.sha256()
    for part in (key, value):
        digest.update(b"\0" if part is None else b"\1" + len(part).to_bytes(8, "big"))
        digest.update(part or b"")
    return digest
