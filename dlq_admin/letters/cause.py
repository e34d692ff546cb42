"""Why letters died, so that those of one cause stand together. Pure.

A cause is who failed on what: consumer group, topic, class of the error, its message without what differs
from record to record, the place that raised, and the schema. Its fingerprint is the same in every process.
"""

import re
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from ..states import Disposition

MESSAGE_MOST = 300
"""Characters of a normalised message."""
READ_MOST = 2000
"""Characters of a message that are looked at."""
_VARYING = re.compile(
    r"""
    (?P<uuid>\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b)
    | (?P<text>(?<!\w)'[^']*'(?!\w) | "[^"]*" | `[^`]*`)
    | (?P<hex>\b0[xX][0-9a-fA-F]+ | \b(?=[0-9]*[a-fA-F])(?=[a-fA-F]*[0-9])[0-9a-fA-F]{8,}\b)
    | (?P<n>[-+]?[0-9]+(?:[.,:][0-9]+)*)
    | (?P<long>[^\s<>]{60,})
    """,
    re.VERBOSE,
)
_BLANKS = re.compile(r"\s+")


class Cause(NamedTuple):
    """Who failed on what, and how."""

    group: str
    topic: str
    error_class: str
    message: str
    """Normalised."""
    stack_hash: str
    schema: str
    disposition: Disposition


@lru_cache(maxsize=4096)
def normalised(message: str) -> str:
    """A message without numbers, ids and quoted texts: what is left is the same for one cause."""
    masked = _VARYING.sub(_stand_in, message[:READ_MOST])
    return _BLANKS.sub(" ", masked).strip()[:MESSAGE_MOST]


def _stand_in(found: re.Match[str]) -> str:
    kind = found.lastgroup
    return "<n>" if kind == "hex" else f"<{kind}>"  # a digest may happen to have no letters


@lru_cache(maxsize=4096)
def fingerprint(cause: Cause) -> str:
    """32 hex digits that name a cause."""
    digest = sha256()
    for part in cause:
        raw = part.encode("utf-8", "backslashreplace")
        digest.update(len(raw).to_bytes(4, "big") + raw)  # lengths first: no two causes make one text
    return digest.hexdigest()[:32]
