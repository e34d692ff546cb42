"""That a dead letter was written by a worker of ours: a MAC over all that it holds.

Whoever may write to a dead-letter topic can write headers like ours. What they cannot write is this proof,
which stands on each dead letter of our runtime. One without it may still be true: written by others, or
before there was a proof.
"""

import hmac
from functools import lru_cache
from hashlib import sha256

import msgspec
from django.conf import settings

from .records import Headers, Record

PROOF = "letter_proof"
_SALT = b"heimdall.dead_letter"


def letter_proof(*, key: bytes | None, value: bytes | None, headers: Headers) -> str:
    """What stands on a dead letter with these bytes and headers. `headers` are the others, in their order."""
    return _mac(settings.SECRET_KEY, key, value, headers)


def is_proven(letter: Record) -> bool:
    """Whether a dead letter is, in every byte, what a worker of ours wrote."""
    if not letter.headers or letter.headers[-1][0] != PROOF:  # where our workers put it
        return False
    *others, (_, said) = letter.headers
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    macs = (_mac(each, letter.key, letter.value, others).encode() for each in secrets)
    return any(hmac.compare_digest(mac, said or b"") for mac in macs)


def _mac(secret: str, key: bytes | None, value: bytes | None, headers: Headers) -> str:
    # As MessagePack no two different letters make the same text.
    return hmac.digest(_derived(secret), msgspec.msgpack.encode((key, value, headers)), sha256).hex()


@lru_cache(maxsize=8)
def _derived(secret: str) -> bytes:
    """A key of this use alone."""
    return hmac.digest(secret.encode(), _SALT, sha256)
