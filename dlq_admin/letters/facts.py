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
    """Of key, value and the record's own headers: whether two letters carry the same record."""
    size: int
    """Bytes of key and value."""
    redrive_id: str
    """The redrive that brought it back, as it says; only a proof makes that true."""
    redrive_count: int
    flaws: list[str]
    """Headers that were not believed, or were brought within bounds."""
    rival: bytes = b""
    """Its digest, where another letter was the first with this place and carries another record."""
    proven: bool = False
    """Whether a worker of ours wrote it, as it stands."""

    @property
    def place(self) -> tuple[str, int, int, str]:
        """Where the original record stood, and for whom; or the letter's own place."""
        return (self.topic, self.partition, self.offset, self.group)

    @property
    def identity(self) -> tuple[str, int, int, str, bytes]:
        """What makes a letter unique: its place, and which of those that claim it."""
        return (*self.place, self.rival)

    @property
    def contested(self) -> bool:
        """Whether another letter says of another record that it stood there."""
        return bool(self.rival) and self.origin_known

    def disputed(self) -> None:
        """Another letter with another record has this place already: both keep it."""
        self.rival = self.digest


__all__ = ["Cause", "Disposition", "Facts", "Writer"]
