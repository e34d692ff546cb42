"""A JSON parser that takes only what every reader would understand alike.

Refused with a clear problem: bodies beyond the bound, bytes that are not UTF-8, duplicate keys, NaN and
infinities, NUL characters and lone surrogates (PostgreSQL stores neither), and nesting without end.
"""

import json
import math
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException
from rest_framework.parsers import BaseParser

from ..errors import Refused
from .paths import ROOT, join

MAX_DEPTH = 32
_NUL = b"\\u0000"
_SURROGATE = b"\\ud"


class TooLarge(APIException):
    """413: the body is beyond `API_MAX_BODY_BYTES`."""

    status_code = 413

    def __init__(self) -> None:
        super().__init__(f"A body may have {settings.API_MAX_BODY_BYTES} bytes at most.")


class StrictJSONParser(BaseParser):
    """`application/json` by the rules of this module."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Read and parse a body. Raises TooLarge or Refused."""
        raw = stream.read(settings.API_MAX_BODY_BYTES + 1)
        if len(raw) > settings.API_MAX_BODY_BYTES:
            raise TooLarge
        return loads(raw)


def loads(raw: bytes) -> Any:
    """Parse a JSON text. Raises Refused, whose message names the place and never repeats the input."""
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        raise _not_json(f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _not_json(f"{error.msg}, line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # an integer of thousands of digits
        raise _not_json("a number is too long") from None
    lowered = raw.lower()
    _inspect(value, texts=_NUL in raw or _SURROGATE in lowered)
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Refused("A key stands twice in one object.", errors={_shown(twice): "This key stands twice."})
    return members


def _no_constant(name: str) -> float:
    raise _not_json(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    if math.isinf(number := float(text)):
        raise _not_json("a number is too large")
    return number


def _inspect(value: Any, *, texts: bool) -> None:
    """Walk containers without recursion; look into texts only where the raw body gives a reason."""
    waiting: list[tuple[str, Any, int]] = [("", value, 1)]
    while waiting:
        path, each, depth = waiting.pop()
        if isinstance(each, dict | list):
            if depth > MAX_DEPTH:
                raise _too_deep()
            members = each.items() if isinstance(each, dict) else enumerate(each)
            for key, inner in members:
                if texts and isinstance(key, str):
                    _storable(key, join(path, _shown(key)))
                if isinstance(inner, dict | list) or (texts and isinstance(inner, str)):
                    waiting.append((join(path, key) if texts else "", inner, depth + 1))
        elif isinstance(each, str):
            _storable(each, path)


def _storable(text: str, path: str) -> None:
    if "\0" in text:
        raise _bad_text(path, "It holds a NUL character.")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise _bad_text(path, "It holds half of a surrogate pair.")


def _shown(key: str) -> str:
    """A key as it may stand in an answer."""
    return key.encode("ascii", "backslashreplace").decode("ascii").replace("\0", "\\u0000")[:100]


def _bad_text(path: str, message: str) -> Refused:
    return Refused("A text holds what cannot be stored.", errors={_shown(path) or ROOT: message})


def _not_json(reason: str) -> Refused:
    return Refused(f"The body is not JSON: {reason}.")


def _too_deep() -> Refused:
    return Refused(f"The body is nested deeper than {MAX_DEPTH} levels.")
