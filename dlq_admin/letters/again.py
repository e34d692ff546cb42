"""The headers with which a record is sent again: its own, without what its dead letter added. Pure."""

from heimdall_project.streams.records import Headers

from ..states import Writer
from . import connect, spring

OURS = frozenset(
    {
        "original_topic", "original_partition", "original_offset", "original_timestamp", "original_group",
        "original_key", "worker", "worker_version", "error_class", "error_message", "stack_hash",
        "disposition", "attempts", "payload_sha256",
        "redrive_id", "redrive_for", "redrive_count", "redrive_mac", "redrive_proof",
    }
)  # fmt: skip
"""What our runtime adds. `first_failed_at` stays: the next dead letter tells the first failure too."""


def own_headers(headers: Headers | None, writer: str) -> Headers:
    """Headers of the record itself, in their order."""
    if writer == Writer.HEIMDALL:
        return [(name, value) for name, value in headers or () if name not in OURS]
    added = {Writer.SPRING: spring.PREFIX, Writer.CONNECT: connect.PREFIX}.get(Writer(writer))
    marks = {name for name in OURS if name.startswith("redrive_")}
    return [
        (name, value)
        for name, value in headers or ()
        if name not in marks and not (added and name.startswith(added))
    ]
