"""Every rule that a payload breaks, with its path; never the value.

The decoder stops at the first violation, which is all that a consumer needs. Whoever sent the payload
wants to know all of them at once. So what the decoder refused is checked again, by the JSON Schema of
the same contract and by its rules about several members. The decoder has the last word: where it refuses
what the schema takes, its reason is told; what it takes has no violations, whatever the schema says.
(`1.0` is a whole number for JSON Schema and none for HTTP; `1e400` is a number for it and none for
anybody else.)
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, NamedTuple, get_args

import jsonschema_rs
import msgspec

from ..errors import ContractViolation, InvalidMessage
from . import codec
from .sentences import plain, rule_at
from .texts import TextChecked, member_path
from .times import Moment, storable

MOST = 20
"""Violations that are told of one payload."""
CHECKED_BYTES = 64 * 1024
"""Larger payloads are told the first violation only: no event is that large, and each error costs time."""
UNKNOWN = "is not known here"
REQUIRED = "is required"


class Violation(NamedTuple):
    """A place, as `$.props.ref`, and the rule that it breaks."""

    path: str
    rule: str


def violations(kind: type[msgspec.Struct], payload: bytes, *, strict: bool) -> list[Violation]:
    """What is wrong with a payload, one rule a path, `MOST` at most; empty if it is an event.

    `strict` as HTTP reads (`codec.decode_strict`), else as topics are read (`codec.decode`).
    """
    try:
        (codec.decode_strict if strict else codec.decode)(kind, payload)
    except ContractViolation as error:
        reason = error.reason
    except InvalidMessage as error:
        return [Violation("$", error.reason)]
    else:
        return []
    every = found(kind, payload, strict=strict) if len(payload) <= CHECKED_BYTES else []
    return every or [_as_violation(reason)]


def found(kind: type[msgspec.Struct], payload: bytes, *, strict: bool) -> list[Violation]:
    """What schema and rules alone say of a payload that is JSON."""
    try:
        return _found(kind, msgspec.json.decode(payload), strict=strict)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return []  # a number that no double holds, or lists in lists deeper than the validator goes


def _found(kind: type[msgspec.Struct], given: Any, *, strict: bool) -> list[Violation]:
    if not isinstance(given, dict):
        return [Violation("$", "must be an object")]
    if not strict:
        given = _as_meant(kind, codec.without_nulls(kind, given))
    broken: dict[str, Violation] = {}
    for each in islice(_broken(kind, given, strict=strict), MOST):
        broken.setdefault(each.path, each)
    return sorted(broken.values())


def _broken(kind: type[msgspec.Struct], given: dict[str, Any], *, strict: bool) -> Iterator[Violation]:
    schema, validator = _validator(kind, strict)
    for error in validator.iter_errors(given):
        yield from _told(schema, given, error)
    if issubclass(kind, TextChecked):
        for path, rule in (*kind.broken_texts(given), *kind.broken_rules(given)):
            yield Violation(path, rule)


@cache
def _validator(kind: type[msgspec.Struct], strict: bool) -> tuple[dict[str, Any], Any]:
    schema = plain(msgspec.json.schema(codec.strict_twin(kind) if strict else kind))
    return schema, jsonschema_rs.Draft202012Validator(
        schema, validate_formats=True, formats={"date-time": _is_moment}
    )


def _is_moment(text: str) -> bool:
    try:
        storable(msgspec.convert(text, Moment))
    except (msgspec.ValidationError, ValueError, OverflowError):
        return False
    return True


def _told(schema: Mapping[str, Any], given: Any, error: Any) -> Iterator[Violation]:
    """One error of the validator in our words."""
    steps, kind = _steps(given, error.instance_path), error.kind
    match kind.name:
        case "required":
            yield Violation(_path([*steps, kind.property]), REQUIRED)
        case "additionalProperties":
            for name in islice(kind.unexpected, MOST):
                yield Violation(_path([*steps, name]), UNKNOWN)
        case "pattern" | "propertyNames":
            return  # a NUL: told by the contract itself, with its exact place
        case _:
            yield Violation(_path(steps), rule_at(schema, steps))


def _steps(given: Any, path: Sequence[str | int]) -> list[str | int]:
    """The path with names as texts: the validator gives a member "0" the number 0, like a first entry."""
    steps: list[str | int] = []
    for step in path:
        steps.append(step if isinstance(given, list) else str(step))
        given = given[steps[-1]]
    return steps


def _path(steps: Sequence[str | int]) -> str:
    path = "$"
    for step in steps:
        path = f"{path}[{step}]" if isinstance(step, int) else member_path(path, step)
    return path


def _as_meant(kind: Any, given: Any) -> Any:
    """JSON of a struct with numbers and times as they are meant, where others write them otherwise."""
    members = {member.encode_name: member for member in msgspec.structs.fields(kind)}
    return {
        name: _value_as_meant(members[name].type, value) if name in members else value
        for name, value in given.items()
    }


def _value_as_meant(kind: Any, value: Any) -> Any:
    for each in (kind, *get_args(kind)):
        if isinstance(each, type) and issubclass(each, msgspec.Struct) and isinstance(value, dict):
            return _as_meant(each, value)
    try:
        return msgspec.to_builtins(msgspec.convert(value, kind, strict=False))
    except (msgspec.ValidationError, ValueError, OverflowError):
        return value


def _as_violation(reason: str) -> Violation:
    """The decoder's own reason: its path stands at the end."""
    rule, _, path = reason.removesuffix("`").rpartition(" - at `")
    return Violation(path, rule) if rule else Violation("$", reason)
