"""What the writer of a dead letter says about it, in one form for all writers."""

from dataclasses import dataclass
from datetime import datetime

from ..states import Disposition


@dataclass(slots=True, kw_only=True)
class Claim:
    """Texts are bounded; numbers are within bounds, or None."""

    topic: str = ""
    """As the writer spells it."""
    partition: int | None = None
    offset: int | None = None
    group: str = ""
    timestamp: int | None = None
    """Of the original record, in milliseconds since the epoch."""
    worker: str = ""
    worker_version: str = ""
    error_class: str = ""
    error_message: str = ""
    stack_hash: str = ""
    disposition: Disposition
    attempts: int = 1
    first_failed_at: datetime | None = None
    redrive_id: str = ""
    redrive_count: int = 0
