"""Page views: what visitors of content did. Topic `events.page_view.v1`, key content_id."""

from collections.abc import Iterator
from datetime import UTC
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any

from msgspec import Meta

from .texts import PROPS_BYTES, Flat, TextChecked, encode, member_path, text
from .times import Moment, storable

SCHEMA = "events.page_view/1"
"""What the `schema` header of a record says."""
ONLY_WITH_DWELL = "is only for events of type dwell"
NEEDED_BY_DWELL = "is required for events of type dwell"
TOO_WHOLE = "must fit 64 bits if it is a whole number"
PROPS_TOO_LARGE = f"must take at most {PROPS_BYTES} bytes as JSON"


class PageViewType(StrEnum):
    """What happened."""

    VIEW = "view"
    LIKE = "like"
    DWELL = "dwell"


_DWELL = PageViewType.DWELL  # a member looked up in its class costs as much as a field


class PageView(TextChecked, kw_only=True, omit_defaults=True, gc=False):
    """`events.page_view.v1`, key content_id: a visitor saw, liked, or stayed with some content."""

    content_id: Annotated[str, text(1, 128)]
    user_id: Annotated[str, text(0, 128)]
    """May be empty: nobody who is known."""
    event_type: PageViewType
    occurred_at: Moment
    event_id: Annotated[str, text(0, 64)] | None = None
    """Chosen by the sender; left out or empty, the SHA-256 of the payload takes its place."""
    dwell_ms: Annotated[int, Meta(ge=0, le=86_400_000)] | None = None
    """Milliseconds; with `dwell`, and only then."""
    props: Flat | None = None
    """Flat, and at most 4 KiB as compact JSON."""

    def __post_init__(self) -> None:
        moment = self.occurred_at
        if moment.tzinfo is not UTC or not 1900 <= moment.year <= 2299:  # seen here: a call costs more
            self.occurred_at = storable(moment)
        if (self.dwell_ms is None) is (self.event_type is _DWELL):
            raise ValueError(
                f"`dwell_ms` {ONLY_WITH_DWELL if self.dwell_ms is not None else NEEDED_BY_DWELL}"
            )

    @classmethod
    def broken_texts(cls, given: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """See the base; props have a size too."""
        yield from super().broken_texts(given)
        if isinstance(props := given.get("props"), dict) and len(encode(props)) > PROPS_BYTES:
            yield "$.props", PROPS_TOO_LARGE

    @classmethod
    def broken_rules(cls, given: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """See the base."""
        dwell, stayed = given.get("event_type") == _DWELL, given.get("dwell_ms") is not None
        if stayed and not dwell and given.get("event_type") in tuple(PageViewType):
            yield "$.dwell_ms", ONLY_WITH_DWELL
        if dwell and not stayed:
            yield "$.dwell_ms", NEEDED_BY_DWELL
        props = given.get("props")
        for name, value in props.items() if isinstance(props, dict) else ():
            # JSON Schema has one kind of numbers: a whole one that is too large would pass as another.
            if type(value) is int and not -(2**63) <= value < 2**63:
                yield member_path("$.props", name), TOO_WHOLE


def event_identity(event: PageView, payload: bytes) -> str:
    """What makes two records one event: the sender's id, else the SHA-256 of the very bytes (64 digits)."""
    return event.event_id or sha256(payload).hexdigest()
