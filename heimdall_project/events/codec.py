"""Bytes to events and back. One shared decoder a type; strict about JSON, lax about unknown fields.

Topics are read lax (`decode`): unknown members are passed over, numbers may come as texts, null is the same
as left out. HTTP is read strict (`decode_strict`), by a twin of the same contract.
"""

from collections.abc import Sequence
from functools import cache
from itertools import compress, count
from typing import Any, get_args

import msgspec

from ..errors import ContractViolation, InvalidMessage
from .texts import BACKSLASH, SHORT, TextChecked


@cache
def decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """The decoder of an event type. `strict=False`: existing producers send decimals as strings."""
    return msgspec.json.Decoder(kind, strict=False)


@cache
def strict_decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """The decoder for HTTP of a contract."""
    return msgspec.json.Decoder(strict_twin(kind))


@cache
def strict_twin(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The same contract, but refusing members that it does not know. Raises TypeError if it holds structs."""
    if any(_struct_in(member.type) for member in msgspec.structs.fields(kind)):
        raise TypeError(
            f"{kind.__name__} holds other structs, which would go on passing over unknown members"
        )
    own = {"__module__": kind.__module__, "__doc__": kind.__doc__}
    make: Any = type(kind)
    twin: type[msgspec.Struct] = make(kind.__name__, (kind,), own, forbid_unknown_fields=True)
    return twin


def decode(kind: Any, value: bytes | None) -> Any:
    """Decode one event. Raises InvalidMessage (not JSON) or ContractViolation (wrong shape).

    Existing producers write null where they have nothing to say: for an optional member that is the same as
    leaving it out. Reasons name path and rule, never the value.
    """
    if value is None:
        raise InvalidMessage("the record has no value")
    try:
        event = decoder(kind).decode(value)
        # Said here and not in a function: this is once a record, and a call costs as much as a member.
        if (len(value) > SHORT or BACKSLASH in value) and isinstance(event, TextChecked):
            event.check_texts()
        return event
    except msgspec.ValidationError as error:
        return _spoken(kind, value, error)
    except _REFUSALS as error:
        raise _translated(error) from None


def decode_many(kind: Any, values: Sequence[bytes | None]) -> list[Any]:
    """Decode many, each by itself, as `decode` would; in place of an event that it refuses stands the error.

    Mapped, not looped: what is common to all is said once, and the decoder is entered from C.
    """
    read = decoder(kind).decode
    found: list[Any] = []
    rest = iter(values)
    while True:
        try:
            found.extend(map(read, rest))  # type: ignore[arg-type]  # extend keeps what came before it
            break
        except (*_REFUSALS, TypeError):  # the last of a record without value
            found.append(_decoded_or_refused(kind, values[len(found)]))
    if isinstance(kind, type) and issubclass(kind, TextChecked):
        long = (value is not None and (len(value) > SHORT or BACKSLASH in value) for value in values)
        for index in compress(count(), long):
            found[index] = _with_sound_texts(found[index])
    return found


def _with_sound_texts(found: Any) -> Any:
    if isinstance(found, TextChecked):
        try:
            found.check_texts()
        except InvalidMessage as error:
            return error
        except _REFUSALS as error:  # lists in lists, deeper than they can be looked through
            return _translated(error)
    return found


def _decoded_or_refused(kind: Any, value: bytes | None) -> Any:
    try:
        return decode(kind, value)
    except InvalidMessage as error:
        return error


def decode_strict(kind: Any, value: bytes) -> Any:
    """Decode one event as HTTP takes it: no unknown members, numbers as numbers. Raises as `decode` does."""
    try:
        event = strict_decoder(kind).decode(value)
        if (len(value) > SHORT or BACKSLASH in value) and isinstance(event, TextChecked):
            event.check_texts()
        return event
    except _REFUSALS as error:
        raise _translated(error) from None


_REFUSALS = (msgspec.DecodeError, ValueError, OverflowError, RecursionError)
"""What a decoder and contracts raise: UnicodeDecodeError is a ValueError, ValidationError a DecodeError."""


def _translated(error: Exception) -> InvalidMessage:
    match error:
        case msgspec.ValidationError():
            return ContractViolation(str(error))
        case msgspec.DecodeError() | UnicodeDecodeError() | RecursionError():
            return InvalidMessage(f"not JSON: {type(error).__name__}: {error}"[:300])
        case _:
            # A time in the year 10000, as a number, passes the decoder's own check and fails in `datetime`.
            return ContractViolation(f"out of range: {error}"[:300])


def _spoken(kind: Any, value: bytes, error: msgspec.ValidationError) -> Any:
    """The event without the nulls of its optional members, or else `error`. Reads everything twice more."""
    try:
        given = msgspec.json.decode(value)
    except msgspec.ValidationError:  # a number that no double holds: `error` has its place
        raise _translated(error) from None
    except _REFUSALS as refusal:
        raise _translated(refusal) from None
    if (spoken := without_nulls(kind, given)) == given:
        raise _translated(error) from None
    try:
        event = decoder(kind).decode(encode(spoken))
        if isinstance(event, TextChecked):
            event.check_texts()
        return event
    except _REFUSALS as refusal:
        raise _translated(refusal) from None


def without_nulls(kind: Any, given: Any) -> Any:
    """JSON of a struct without the nulls of its optional members; what is free in form stays as it is."""
    struct = _struct_in(kind)
    if struct is None or not isinstance(given, dict):
        return given
    members = _members(struct)
    return {
        name: without_nulls(members[name].type, value) if name in members else value
        for name, value in given.items()
        if value is not None or name not in members or members[name].required
    }


@cache
def _members(struct: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """By their names in JSON. Kept: to ask for them costs more than to read a record."""
    return {member.encode_name: member for member in msgspec.structs.fields(struct)}


def _struct_in(kind: Any) -> Any:
    """The struct that `kind` is or may be, or None."""
    return next((each for each in (kind, *get_args(kind)) if _is_struct(each)), None)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


_encoder = msgspec.json.Encoder()


def encode(event: Any) -> bytes:
    """Encode an event; times as ISO 8601 with zone."""
    return _encoder.encode(event)
