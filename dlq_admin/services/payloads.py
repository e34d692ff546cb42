"""The bytes of a dead letter, for people: who looked at them is written down, and secrets are masked."""

import base64
import re
from dataclasses import dataclass

import msgspec

from heimdall_project.accounts.audit import audited
from heimdall_project.accounts.models import User
from heimdall_project.errors import NotFound
from heimdall_project.observability.masking import masked

from ..models import LetterPayload
from ..selectors import letter_seen
from .permitted import permitted

RIGHT, SECRETS = "dlq_admin.read_payload", "dlq_admin.read_secrets"
MASKED_MOST = 65_536
"""Characters of a masked text."""
MARGIN = 4096
"""Characters behind those that are looked at too: half a secret would not be recognised."""
HEADERS_MOST = 500
_HEADERS = msgspec.msgpack.Decoder(list[tuple[str, bytes | None]])
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
"""What no text has, and other codings have that can be read as UTF-8: UTF-16, protobuf, Avro."""
_ESCAPED = re.compile(r"\\{1,7}u([0-9a-fA-F]{4})")


@dataclass(frozen=True, kw_only=True)
class Content:
    """Bytes as they can be shown."""

    encoding: str
    """`utf-8`, `base64`, `none` (there are no bytes), or `hidden` (no text that could be masked)."""
    content: str | None
    size: int
    truncated: bool = False


@dataclass(frozen=True, kw_only=True)
class Payload:
    """A letter's key, value and headers."""

    letter_id: int
    is_masked: bool
    key: Content
    value: Content
    headers: list[tuple[str, Content]] | None
    """None if the record had no headers at all."""
    headers_left_off: int


def payload_read(*, letter_id: int, actor: User) -> Payload:
    """The bytes of a letter, masked unless the actor may see secrets. Audited.

    Raises NotFound (also for bytes that were cleaned up) and Forbidden.
    """
    letter = letter_seen(letter_id=letter_id)
    plain = read_permitted(actor)
    with audited(actor=actor, action="dlq.payload.read", target=str(letter), detail={"secrets": plain}):
        kept = LetterPayload.objects.filter(letter=letter).first()
        if kept is None:
            raise NotFound("The bytes of this letter were cleaned up.")
        return _shown(kept, plain=plain)


def read_permitted(actor: User) -> bool:
    """Whether the actor sees secrets. Raises Forbidden for one who may not look at bytes at all."""
    permitted(actor, RIGHT)
    return actor.has_perm(SECRETS)


def headers_of(packed: bytes | memoryview | None) -> list[tuple[str, bytes | None]] | None:
    """Headers as they came, out of their column: in their order, repeated ones too."""
    return None if packed is None else _HEADERS.decode(packed)


def _shown(payload: LetterPayload, *, plain: bool) -> Payload:
    headers = headers_of(payload.headers)
    return Payload(
        letter_id=payload.pk,
        is_masked=not plain,
        key=shown(payload.key, plain=plain),
        value=shown(payload.value, plain=plain),
        headers=None
        if headers is None
        else [(name, shown(value, plain=plain, name=name)) for name, value in headers[:HEADERS_MOST]],
        headers_left_off=max(0, len(headers or ()) - HEADERS_MOST),
    )


def shown(raw: bytes | memoryview | None, *, plain: bool, name: str = "") -> Content:
    """Bytes for a reader; `name` says what they are called, which may be all that gives a secret away."""
    if raw is None:
        return Content(encoding="none", content=None, size=0)
    data = bytes(raw)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        if not plain:
            return Content(encoding="hidden", content=None, size=len(data))
        return Content(encoding="base64", content=base64.b64encode(data).decode(), size=len(data))
    if plain:
        return Content(encoding="utf-8", content=text, size=len(data))
    if _NO_TEXT.search(text):
        return Content(encoding="hidden", content=None, size=len(data))
    return _masked(text, len(data), name)


def hides(raw: bytes | memoryview | None) -> bool:
    """Whether a reader without the right to secrets sees something else than these bytes."""
    try:
        text = unescaped(bytes(raw or b"").decode())
    except UnicodeDecodeError:
        return True
    return _NO_TEXT.search(text) is not None or masked(text) != text


def unescaped(text: str) -> str:
    """Letters that JSON writes as `\\u…`, also in JSON within JSON, as themselves: they may spell a secret.

    What holds JSON together stays as it is written.
    """
    return _ESCAPED.sub(_letter, text) if "\\u" in text else text


def _letter(found: re.Match[str]) -> str:
    letter = chr(int(found[1], 16))
    return letter if letter.isprintable() and letter not in '"\\' else found[0]


def _masked(text: str, size: int, name: str) -> Content:
    before = f"{name}: " if name else ""
    found = masked(before + unescaped(text[: MASKED_MOST + MARGIN]))
    if not found.startswith(before):
        return Content(encoding="hidden", content=None, size=size)
    content = found[len(before) :][:MASKED_MOST]
    return Content(encoding="utf-8", content=content, size=size, truncated=len(text) > MASKED_MOST)
