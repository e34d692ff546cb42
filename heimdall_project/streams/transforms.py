"""Named, versioned changes of records: what brings dead letters of an old shape into the current contract.

    @transform(Topic.PAGE_VIEWS, name="drop-stray-dwell", version=1)
    def drop_stray_dwell(event: dict[str, Any]) -> dict[str, Any]:
        "Takes `dwell_ms` off events that are no dwell."

They are code, so that they are reviewed like code; a version that was used keeps its meaning, and a repair of
it is a new version beside it. They are pure: the same record becomes the same, whenever it is asked.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from inspect import getdoc
from typing import Any

import msgspec

from ..errors import InvalidMessage
from . import topics

type Body = Callable[[dict[str, Any]], dict[str, Any]]
_NAME = re.compile(r"[a-z][a-z0-9-]{0,59}")


@dataclass(frozen=True, kw_only=True)
class Transform:
    """A registered change of the records of one topic."""

    name: str
    version: int
    topic: str
    """Logical name."""
    meaning: str
    """One line, for people who choose."""
    body: Body

    @property
    def key(self) -> str:
        """`name/version`, as batches keep it."""
        return f"{self.name}/{self.version}"

    def apply(self, value: bytes | None) -> bytes:
        """The changed record. Raises InvalidMessage for one that it cannot change."""
        try:
            event = msgspec.json.decode(value or b"")
        except (msgspec.DecodeError, RecursionError):
            raise InvalidMessage(f"{self.key} changes JSON, and this is none") from None
        if not isinstance(event, dict):
            raise InvalidMessage(f"{self.key} changes objects, and this is none")
        try:
            return msgspec.json.encode(self.body(event))
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise InvalidMessage(f"{self.key} does not fit this record: {type(error).__name__}") from error


_transforms: dict[str, Transform] = {}


def transform(topic: str, *, name: str, version: int) -> Callable[[Body], Body]:
    """Function decorator: register a transform. Raises ValueError naming what is wrong."""

    def add(body: Body) -> Body:
        meaning = (getdoc(body) or "").split("\n")[0]
        made = Transform(name=name, version=version, topic=str(topic), meaning=meaning, body=body)
        if not _NAME.fullmatch(name) or version < 1:
            raise ValueError(f"{made.key} is no name and version of a transform")
        if not meaning:
            raise ValueError(f"{made.key} needs a docstring that says what it does")
        if str(topic) not in {spec.name for spec in topics.specs()}:
            raise ValueError(f"{made.key}: there is no topic {topic}")
        if made.key in _transforms:
            raise ValueError(f"there is a transform {made.key} already; a repair of it is a new version")
        _transforms[made.key] = made
        return body

    return add


def find(key: str) -> Transform | None:
    """The transform of this name and version."""
    return _transforms.get(key)


def offered() -> list[Transform]:
    """All, by name and version."""
    return sorted(_transforms.values(), key=lambda each: (each.name, each.version))


def forget(key: str) -> None:
    """Take one out again; for tests that register their own."""
    _transforms.pop(key, None)
