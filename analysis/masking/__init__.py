"""Masking: secrets and personal data are replaced before a log leaves the process.

Pure and linear in the length of the text. Each value becomes ``<class#n>``: equal values get equal stand-ins,
so that a reader still sees that two are the same. Lines keep their numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from .assignments import secrets
from .credentials import authorizations, command_passwords, cookies, go_passwords, url_passwords
from .masked import STAND_IN, Kind, Masked, Names, Span, replaced
from .numbers import cards, ibans, phones, resident_numbers
from .personal import emails
from .tokens import cloud_keys, json_web_tokens, password_hashes, private_keys

__all__ = ["Kind", "Masked", "mask"]

_PASSES = 8
# In this order: URLs before e-mail, since password@host looks like one; what has a form of its own before
# what only has a name, so that a token is the same under every name; cards before phones.
_FINDERS: tuple[tuple[Kind, Callable[[str], Iterable[Span]]], ...] = (
    (Kind.PRIVATE_KEY, private_keys),
    (Kind.URL_PASSWORD, url_passwords),
    (Kind.URL_PASSWORD, go_passwords),
    (Kind.JWT, json_web_tokens),
    (Kind.CLOUD_KEY, cloud_keys),
    (Kind.EMAIL, emails),
    (Kind.COOKIE, cookies),
    (Kind.AUTHORIZATION, authorizations),
    (Kind.SECRET, secrets),
    (Kind.SECRET, command_passwords),
    (Kind.SECRET, password_hashes),
    (Kind.IBAN, ibans),
    (Kind.RESIDENT_NUMBER, resident_numbers),
    (Kind.CARD, cards),
    (Kind.PHONE, phones),
)


def mask(text: str) -> Masked:
    """The text without secrets. Idempotent; the number of lines and their order stay."""
    names, masked = Names(text), text
    for _ in range(_PASSES):  # what stood beside a value may be one only once that is gone
        before = masked
        for kind, find in _FINDERS:
            masked = replaced(masked, kind, find(masked), names)
        if masked == before:
            break
    return Masked(masked, _counted(text, masked) if masked != text else {})


def _counted(text: str, masked: str) -> dict[str, int]:
    """How many stand-ins there are that the text itself did not bring."""
    counts = Counter(found[1] for found in STAND_IN.finditer(masked))
    counts.subtract(found[1] for found in STAND_IN.finditer(text))
    return {kind: count for kind, count in counts.items() if count > 0}
