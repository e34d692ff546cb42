"""The bytes of a letter as a page shows them. Pure."""

import json
from contextlib import suppress
from typing import Any, NamedTuple

from heimdall_project.streams.admin.wording import visible, visible_prose

from ..services import Comparison, Content, Payload

MOST = 20_000
"""Characters of a part that are shown."""
HEADERS_MOST = 100


class Part(NamedTuple):
    """Key, value, or a header."""

    name: str
    text: str
    note: str
    is_text: bool


def shown(payload: Payload) -> dict[str, Any]:
    """What the template needs."""
    headers = payload.headers or []
    left_off = max(0, len(headers) - HEADERS_MOST) + payload.headers_left_off
    return {
        "is_masked": payload.is_masked,
        "parts": [part("Value", payload.value, laid_out=True), part("Key", payload.key)],
        "headers": [part(name, content) for name, content in headers[:HEADERS_MOST]],
        "has_headers": payload.headers is not None,
        "headers_left_off": left_off,
    }


def editable(payload: Payload) -> str | None:
    """The value as it can be edited; None for one that is no text, is not shown whole, or holds a mask."""
    value = payload.value
    if value.encoding != "utf-8" or value.content is None or value.truncated or len(value.content) > MOST:
        return None
    is_whole = not payload.is_masked or len(value.content.encode()) == value.size
    return value.content if is_whole and "\r" not in value.content else None


def compared(comparison: Comparison) -> dict[str, Any]:
    """Bytes before and after, for the template."""
    return {
        "is_masked": comparison.is_masked,
        "compared": [
            {
                "letter": each.letter_id,
                "parts": [
                    part("Before", each.before, laid_out=True),
                    part("After", each.after, laid_out=True),
                ],
            }
            for each in comparison.compared
        ],
    }


def part(name: str, content: Content, *, laid_out: bool = False) -> Part:
    """One part; JSON is laid out where that is asked for."""
    size = f"{content.size:,} bytes"
    if content.encoding == "none":
        return Part(visible(name), "", "nothing", is_text=False)
    if content.encoding == "hidden" or content.content is None:
        return Part(visible(name), "", f"{size}, no text: hidden, since it cannot be masked", is_text=False)
    text = _laid_out(content.content) if laid_out else content.content
    notes = [size]
    if content.encoding != "utf-8":
        notes.append("no text: shown as base64")
    if content.truncated or len(text) > MOST:
        notes.append("cut")
    return Part(visible(name), visible_prose(text[:MOST]), ", ".join(notes), is_text=True)


def _laid_out(text: str) -> str:
    with suppress(ValueError, RecursionError):  # no JSON, or nested to do harm
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return text
