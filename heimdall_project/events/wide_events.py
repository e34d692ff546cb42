"""Wide events: one a unit of work, with all that is known about it. Topic `log-events`, key request_id."""

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from .texts import TextChecked, text
from .times import Moment, storable

SCHEMA = "events.wide/1"


class Level(StrEnum):
    """How bad it was."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class WideError(msgspec.Struct, kw_only=True):
    """What went wrong."""

    code: Annotated[str, text(1, 128)]
    message: Annotated[str, text(0, 4096)] = ""


class Sampling(msgspec.Struct, kw_only=True):
    """Why this event was kept, and which part of its kind was."""

    rule: Annotated[str, text(1, 64)]
    rate: Annotated[float, Meta(gt=0.0, le=1.0)]


class WideEvent(TextChecked, kw_only=True, omit_defaults=True):
    """`log-events`, key request_id: everything about one unit of work."""

    event_id: Annotated[str, text(1, 64)]
    request_id: Annotated[str, text(1, 128)]
    occurred_at: Moment
    """When the work ended."""
    service: Annotated[str, text(1, 128)]
    environment: Annotated[str, text(1, 64)]
    trace_id: Annotated[str, text(0, 64)] | None = None
    route: Annotated[str, text(0, 512)] | None = None
    """The pattern, not the path: it has few values."""
    method: Annotated[str, text(0, 16)] | None = None
    status: Annotated[int, Meta(ge=100, le=599)] | None = None
    duration_ms: Annotated[float, Meta(ge=0.0, le=1e12)] | None = None
    error: WideError | None = None
    user: Annotated[str, text(0, 128)] | None = None
    level: Level = Level.INFO
    message: Annotated[str, text(0, 8192)] | None = None
    attributes: dict[str, Any] | None = None
    sampling: Sampling | None = None

    def __post_init__(self) -> None:
        self.occurred_at = storable(self.occurred_at)
