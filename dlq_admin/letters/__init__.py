"""Reading dead letters: whatever bytes come, of whoever wrote them, become facts. Pure and total."""

from .again import digest_of, is_of, own_headers
from .cause import Cause, fingerprint, normalised
from .facts import Facts
from .reading import KnownTopics, read

__all__ = [
    "Cause",
    "Facts",
    "KnownTopics",
    "digest_of",
    "fingerprint",
    "is_of",
    "normalised",
    "own_headers",
    "read",
]
