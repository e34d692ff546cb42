"""What is known of one dead letter."""

from dataclasses import dataclass
from datetime import datetime

from ..states import Disposition, Writer
from .cause import Cause

NAME_MOST = 200
"""Characters of topics, groups and workers."""
TEXT_MOST = 500
"""Characters of an error message."""
ID_MOST = 128
"""Characters of ids."""
KEY_MOST = 200
"""Characters of a key as it is shown."""
ATTEMPTS_MOST = 1000


@dataclass(slots=True, kw_only=True)
class Facts:
    """One dead letter, by its headers and by where it stands. Texts are bounded and can be stored."""

    topic: str
    """Where the record came from (logical name); of a letter that does not say so, the dead-letter topic."""
    partition: int
    offset: int
    group: str
    """Whose dead letter it is; "" if unknown."""
    origin_known: bool
    """Whether the place above is that of the original record, in a topic of ours."""
    writer: Writer
    cause: Cause
    letter_topic: str
    letter_partition: int
    letter_offset: int
    failed_at: datetime
    """When the dead letter was written, by the broker."""
    original_at: datetime | None
    first_failed_at: datetime | None
    worker: str
    worker_version: str
    error_message: str
    attempts: int
    event_id: str
    correlation_id: str
    trace_id: str
    key_text: str
    digest: bytes
    """SHA-256 of key and value: whether two letters carry the same record."""
    size: int
    """Bytes of key and value."""
    redrive_id: str
    """The redrive that brought it back, as it says; only a proof makes that true."""
    redrive_count: int
    flaws: list[str]
    """Headers that were not believed, or were brought within bounds."""

    @property
    def place(self) -> tuple[str, int, int, str]:
        """What makes a letter unique: where the original record stood, and for whom."""
        return (self.topic, self.partition, self.offset, self.group)

    def disputed(self) -> None:
        """Another letter has this place with other bytes: this one is known by its own place.

        If even that is another's (a dead-letter topic that was made anew), its digest tells them apart.
        """
        if self.origin_known:
            self.flaws.append("original_offset")
        self.group = "" if self.origin_known else f"?{self.digest.hex()[:16]}"
        self.topic, self.partition, self.offset = self.letter_topic, self.letter_partition, self.letter_offset
        self.origin_known = False


__all__ = ["Cause", "Disposition", "Facts", "Writer"]
