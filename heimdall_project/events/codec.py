"""Bytes to events and back. One shared decoder a type; strict about JSON, lax about unknown fields."""

from functools import cache
from typing import Any, get_args

import msgspec

from ..errors import ContractViolation, InvalidMessage


@cache
def decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """The decoder of an event type. `strict=False`: existing producers send decimals as strings."""
    return msgspec.json.Decoder(kind, strict=False)


def decode(kind: Any, value: bytes | None) -> Any:
    """Decode one event. Raises InvalidMessage (not JSON) or ContractViolation (wrong shape).

    Existing producers write null where they have nothing to say: for an optional member that is the same as
    leaving it out. Reasons name path and rule, never the value.
    """
    if value is None:
        raise InvalidMessage("the record has no value")
    try:
        return _decoded(kind, value)
    except msgspec.ValidationError as error:
        raise ContractViolation(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidMessage(f"not JSON: {type(error).__name__}: {error}"[:300]) from None
    except (ValueError, OverflowError) as error:
        # A time in the year 10000, as a number, passes the decoder's own check and fails in `datetime`.
        raise ContractViolation(f"out of range: {error}"[:300]) from None


def _decoded(kind: Any, value: bytes) -> Any:
    try:
        return decoder(kind).decode(value)
    except msgspec.ValidationError:
        # Only here, since it reads everything twice more.
        given = msgspec.json.decode(value)
        if (spoken := _without_nulls(kind, given)) == given:
            raise
        return decoder(kind).decode(encode(spoken))


def _without_nulls(kind: Any, given: Any) -> Any:
    """JSON of a struct without the nulls of its optional members; what is free in form stays as it is."""
    struct = next((each for each in (kind, *get_args(kind)) if _is_struct(each)), None)
    if struct is None or not isinstance(given, dict):
        return given
    members = {member.encode_name: member for member in msgspec.structs.fields(struct)}
    return {
        name: _without_nulls(members[name].type, value) if name in members else value
        for name, value in given.items()
        if value is not None or name not in members or members[name].required
    }


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


_encoder = msgspec.json.Encoder()


def encode(event: Any) -> bytes:
    """Encode an event; times as ISO 8601 with zone."""
    return _encoder.encode(event)
