"""Reading dead letters: whatever bytes come, of whoever wrote them, become facts. Pure and total."""

from .cause import Cause, fingerprint, normalised
from .facts import Facts
from .reading import KnownTopics, digest_of, read

__all__ = ["Cause", "Facts", "KnownTopics", "digest_of", "fingerprint", "normalised", "read"]
