"""The outside of a statement: whether its data follows in line, and which format it asks for.

Only as much grammar as HTTP needs: where an INSERT ends and its data begin, and the FORMAT of an answer. All
the rest is the engine's. No input or output.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .failures import INTO_OUTFILE_NOT_ALLOWED, SYNTAX_ERROR, UNKNOWN_TYPE_OF_QUERY, refusal

MAX_HEAD = 262_144
"""Bytes in which the data of an INSERT must begin: `max_query_size` of ClickHouse."""

_TOKEN = re.compile(
    rb"""(?P<gap>\s+|--[^\n]*|\#[!\s][^\n]*|/\*.*?\*/)
    |(?P<string>'(?:[^'\\]|\\.|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    |(?P<name>`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*")
    |(?P<word>\w+)
    |(?P<mark>.)""",
    re.DOTALL | re.VERBOSE,
)
_DATA_BEGINS = re.compile(rb"[ \t\f]*\r?\n?")
_MORE_SETTINGS = re.compile(rb"\s+SETTINGS\s", re.IGNORECASE)
_NAME_COMES = (b"INTO", b"TABLE", b"FUNCTION", b".")


@dataclass(frozen=True)
class Insert:
    """An INSERT whose data follow it; between `before` and `after` the place of FROM INFILE."""

    before: bytes
    after: bytes
    data_at: int


@dataclass(frozen=True)
class Statement:
    """Anything else, to be run as it stands. `format` is what the text itself asks for."""

    format: str | None


@dataclass(frozen=True)
class _Token:
    text: bytes
    upper: bytes
    begin: int
    end: int


def read(text: bytes) -> Insert | Statement:
    """Take a statement apart; `text` may go on with the data of an INSERT. Raises ServerError."""
    head = text[:MAX_HEAD]
    tokens = _outer_tokens(head)
    first = next(tokens, None)
    if first is None:
        raise refusal(SYNTAX_ERROR, "Syntax error: empty query.")
    if first.upper == b"INSERT":
        return _read_insert(head, tokens)
    return Statement(_format_of(_outer_tokens(head)))


def _read_insert(head: bytes, tokens: Iterator[_Token]) -> Insert | Statement:
    settings_at: int | None = None
    is_name = False
    for token in tokens:
        word, was_name = token.upper, is_name
        is_name = word in _NAME_COMES
        if was_name and not is_name:
            continue
        if word in (b"SELECT", b"WITH", b"WATCH"):
            return Statement(None)
        if word == b"INFILE":
            raise refusal(UNKNOWN_TYPE_OF_QUERY, "Query has infile and was send directly to server")
        if word == b";":
            raise refusal(
                SYNTAX_ERROR, "Syntax error: the data of an INSERT must follow it. No ; is expected"
            )
        if word == b"SETTINGS" and settings_at is None:
            settings_at = token.begin
        if word == b"VALUES":
            return _insert(head, settings_at, token.begin, b"Values", token.end)
        if word == b"FORMAT" and (name := next(tokens, None)):
            return _with_format(head, settings_at, token, name)
    return Statement(None)  # not a statement that the engine takes; it says why


def _with_format(head: bytes, settings_at: int | None, keyword: _Token, name: _Token) -> Insert | Statement:
    if _MORE_SETTINGS.match(head, name.end):
        return Statement(None)  # FORMAT x SETTINGS y data: rare, run in line
    if name.upper == b"VALUES":
        return _insert(head, settings_at, keyword.begin, name.text, name.end)
    data = _DATA_BEGINS.match(head, name.end)
    return _insert(head, settings_at, keyword.begin, name.text, data.end() if data else name.end)


def _insert(head: bytes, settings_at: int | None, keyword_at: int, name: bytes, data_at: int) -> Insert:
    middle = keyword_at if settings_at is None else settings_at
    return Insert(head[:middle], head[middle:keyword_at] + b" FORMAT " + name, data_at)


def _format_of(tokens: Iterator[_Token]) -> str | None:
    """The format at the end of a query; a FORMAT inside of a subquery is none."""
    found: str | None = None
    for token in tokens:
        if token.upper == b"OUTFILE":
            raise refusal(INTO_OUTFILE_NOT_ALLOWED, "INTO OUTFILE is not allowed")
        if token.upper == b"FORMAT":
            name = next(tokens, None)
            found = name.text.decode(errors="replace") if name and name.text.isalnum() else None
    return found


def _outer_tokens(text: bytes) -> Iterator[_Token]:
    """Words and marks outside of all brackets; comments and strings are stepped over."""
    depth = 0
    for match in _TOKEN.finditer(text):
        mark = match["mark"]
        if mark in (b"(", b"[", b"{"):
            depth += 1
        elif mark in (b")", b"]", b"}"):
            depth -= 1
        elif depth == 0 and match["gap"] is None and match["string"] is None:
            yield _Token(match[0], match[0].upper(), match.start(), match.end())
