"""The `Idempotency-Key` header and the hash of a body. Storing them is the product's part."""

import hashlib
import re
from typing import Any

import msgspec
from django.http import HttpRequest
from rest_framework.request import Request

from ..errors import Refused

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
"""Header of an answer that repeats what an earlier request with the same key made."""
MAX_LENGTH = 200
_SHAPE = re.compile(r"[\x21-\x7e]{1,200}")


def key_of(request: Request | HttpRequest) -> str | None:
    """The caller's key without its optional quotes, None without the header. Raises Refused."""
    raw = request.headers.get(HEADER)
    if raw is None:
        return None
    key = raw.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not _SHAPE.fullmatch(key):
        raise Refused(
            f"{HEADER} must be 1 to {MAX_LENGTH} printable ASCII characters without blanks.",
            errors={HEADER: f"1 to {MAX_LENGTH} printable ASCII characters without blanks."},
        )
    return key


def body_hash(body: Any) -> str:
    """A hash of a parsed body that does not depend on blanks and on the order of keys."""
    return hashlib.sha256(msgspec.json.encode(body, order="sorted")).hexdigest()
