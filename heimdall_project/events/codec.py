"""Bytes to events and back. One shared decoder a type; strict about JSON, lax about unknown fields."""

from functools import cache
from typing import Any

import msgspec

from ..errors import ContractViolation, InvalidMessage


@cache
def decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """The decoder of an event type. `strict=False`: existing producers send decimals as strings."""
    return msgspec.json.Decoder(kind, strict=False)


def decode(kind: Any, value: bytes | None) -> Any:
    """Decode one event. Raises InvalidMessage (not JSON) or ContractViolation (wrong shape).

    Reasons name path and rule, never the value.
    """
    if value is None:
        raise InvalidMessage("the record has no value")
    try:
        return decoder(kind).decode(value)
    except msgspec.ValidationError as error:
        raise ContractViolation(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidMessage(f"not JSON: {type(error).__name__}: {error}"[:300]) from None
    except (ValueError, OverflowError) as error:
        # A time in the year 10000, as a number, passes the decoder's own check and fails in `datetime`.
        raise ContractViolation(f"out of range: {error}"[:300]) from None


_encoder = msgspec.json.Encoder()


def encode(event: Any) -> bytes:
    """Encode an event; times as ISO 8601 with zone."""
    return _encoder.encode(event)
