"""Events of a body, each taken as it is or with every place at which it does not fit. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated

import msgspec

from heimdall_project.api.parsers import loads
from heimdall_project.errors import InvalidMessage, Refused
from heimdall_project.events.codec import decode_strict, strict_decoder
from heimdall_project.events.page_views import PageView
from heimdall_project.events.texts import BACKSLASH, SHORT
from heimdall_project.events.violations import violations

type Errors = list[tuple[str, str]]
"""Pairs of path and message."""
_QUOTES_OF_REQUIRED = 16
"""Of four names and four texts."""
_REFUSALS = (msgspec.DecodeError, ValueError, OverflowError, RecursionError, InvalidMessage)


class _Id(msgspec.Struct):
    event_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class _Props(msgspec.Struct):
    props: msgspec.Raw = msgspec.Raw(b"{}")


_id_of = msgspec.json.Decoder(_Id)
_props_of = msgspec.json.Decoder(_Props)


@dataclass
class Checked:
    """Events of one request, in columns of the same order."""

    raws: Sequence[bytes]
    events: list[PageView | None] = field(default_factory=list)
    """None for what does not fit."""
    ids: list[str] = field(default_factory=list)
    """Of what does not fit, the id that it carries, where it can be read."""
    errors: dict[int, Errors] = field(default_factory=dict)
    """What is wrong with those that do not fit, by index."""


def checked(raws: Sequence[bytes], *, most: int) -> Checked:
    """Check events as they came; one may have `most` bytes. Written for speed: this is once an event."""
    told = Checked(raws)
    add, name, decode = told.events.append, told.ids.append, strict_decoder(PageView).decode
    for index, raw in enumerate(raws):
        if len(raw) > SHORT or BACKSLASH in raw:
            event, errors = _careful(raw, most)
        else:
            try:
                event, errors = decode(raw), None
            except _REFUSALS:
                event, errors = None, _wrong(raw)
            else:
                if raw.count(b'"') != _quotes(event) and (errors := _unlike(raw)):
                    event = None
        add(event)
        if event is None:
            told.errors[index] = errors or []
            name(_named(raw))
        else:
            name(event.event_id or sha256(raw).hexdigest())
    return told


def _quotes(event: PageView) -> int:
    """Quotes of an event without escapes if each member stands once.

    The decoder keeps the last of two members of one name, and others might keep the first; counting tells
    them apart for less than a tenth of what reading the event again would cost.
    """
    quotes = _QUOTES_OF_REQUIRED
    if event.event_id is not None:
        quotes += 4
    if event.dwell_ms is not None:
        quotes += 2
    if (props := event.props) is not None:
        quotes += 2 + 2 * len(props) + 2 * [each.__class__ for each in props.values()].count(str)
    return quotes


def _careful(raw: bytes, most: int) -> tuple[PageView | None, Errors | None]:
    """An event that is long or has escapes."""
    if len(raw) > most:
        return None, [("$", f"It takes {len(raw)} bytes; {most} are allowed.")]
    try:
        event: PageView = decode_strict(PageView, raw)
    except InvalidMessage:
        return None, _wrong(raw)
    return (None, errors) if (errors := _unlike(raw)) else (event, None)


def _unlike(raw: bytes) -> Errors:
    """What readers would understand differently: members that stand twice, halves of surrogate pairs."""
    try:
        loads(raw)
    except Refused as refused:
        return _within_props(raw) or list(refused.errors.items()) or [("$", refused.detail)]
    return []


def _within_props(raw: bytes) -> Errors:
    """The same of the props alone, the only object in an event: a name does not say where it stands."""
    try:
        loads(bytes(_props_of.decode(raw).props))
    except Refused as refused:
        return [(f"props.{path}", told) for path, told in refused.errors.items()]
    return []


def _wrong(raw: bytes) -> Errors:
    found = violations(PageView, raw, strict=True)
    return [(each.path.removeprefix("$."), _sentence(each.rule)) for each in found]


def _sentence(rule: str) -> str:
    """Rules of contracts go on from "It"; what the decoder says stands for itself."""
    if rule.startswith("not JSON"):
        rule = f"is {rule}"
    told = rule if rule[:1].isupper() else f"It {rule}"
    return f"{told.removesuffix('.')}."


def _named(raw: bytes) -> str:
    try:
        return _id_of.decode(raw).event_id or ""
    except (msgspec.DecodeError, ValueError, RecursionError):
        return ""
