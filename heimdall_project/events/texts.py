"""Texts of events hold no NUL, and free members have a size.

Looking into every text of every event would cost as much as decoding it. But JSON can write a NUL only as an
escape, and what is free in form is never much larger encoded than it came; so `codec` calls `check_texts`
only for events whose bytes hold a backslash or are longer than `SHORT`.
"""

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ..errors import ContractViolation

SHORT = 1_536
"""Bytes of JSON below which no member of it takes `PROPS_BYTES` when it is encoded again.

The worst are numbers as in `"a":1e15,` (9 bytes), which are written as `"a":1000000000000000.0,` (23 bytes).
"""
BACKSLASH = ord("\\")
"""As a number: Python looks for a byte eight times faster than for a text of one byte."""
PROPS_BYTES = 4_096
NO_NUL = {"pattern": "^[^\\u0000]*$"}
"""For JSON Schemas. As a pattern of msgspec it would take five times as long as decoding does."""
NUL = "must hold no NUL character"

type Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
type Scalar = Annotated[str, Meta(extra_json_schema=NO_NUL)] | Whole | float | bool | None
type Flat = dict[Annotated[str, Meta(extra_json_schema=NO_NUL)], Scalar]
"""A flat object: texts, numbers, booleans and null; no lists, no objects."""

encode = msgspec.json.Encoder().encode
_WORD = re.compile(r"[A-Za-z_][\w-]{0,63}", re.ASCII)
ESCAPED_NUL = rb"\u0000"
"""Or its text behind an escaped backslash: so where it stands, the texts themselves are asked."""


def text(at_least: int, at_most: int) -> Meta:
    """Bounds of a text in characters."""
    return Meta(min_length=at_least or None, max_length=at_most, extra_json_schema=NO_NUL)


class TextChecked(msgspec.Struct, kw_only=True):
    """Base of contracts whose texts hold no NUL."""

    def check_texts(self) -> None:
        """Raises ContractViolation naming path and rule."""
        for path, rule in self.broken_texts(msgspec.to_builtins(self)):
            raise ContractViolation(f"{rule} - at `{path}`"[:300])

    @classmethod
    def broken_texts(cls, given: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Paths and rules about texts that JSON of this contract breaks, given in whatever shape it came."""
        yield from nul_paths(cls, given)

    @classmethod
    def broken_rules(cls, given: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Paths and rules of `__post_init__` about several members that JSON of this contract breaks."""
        yield from ()


def member_path(path: str, name: str) -> str:
    """The path of a member; a name that is not a plain word is quoted, a long one cut."""
    return f"{path}.{name}" if _WORD.fullmatch(name) else f"{path}[{json.dumps(name[:64])}]"


def nul_paths(kind: type[msgspec.Struct], given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Where NUL characters stand in members that the contract knows."""
    known = {
        member.encode_name: given[member.encode_name]
        for member in msgspec.structs.fields(kind)
        if member.encode_name in given
    }
    if ESCAPED_NUL in encode(known):
        yield from _nul_paths(known, "$")


def _nul_paths(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and "\0" in value:
        yield path, NUL
    elif isinstance(value, dict):
        for name, each in value.items():
            if "\0" in name:
                yield path, f"names of members {NUL}"
            else:
                yield from _nul_paths(each, member_path(path, name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _nul_paths(each, f"{path}[{index}]")
