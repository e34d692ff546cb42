"""The event as a msgspec struct, for peers that cannot import the product."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class PageView(msgspec.Struct, omit_defaults=True):
    """What is sent."""

    content_id: Annotated[str, Meta(min_length=1, max_length=128)]
    user_id: Annotated[str, Meta(max_length=128)]
    event_type: Literal["view", "like", "dwell"]
    occurred_at: datetime
    event_id: Annotated[str, Meta(max_length=64)] | None = None
    dwell_ms: Annotated[int, Meta(ge=0, le=86_400_000)] | None = None
    props: dict[str, str | int | float | bool | None] | None = None
