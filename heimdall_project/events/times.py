"""Times on the wire: without a zone they are UTC, and what is stored for analysis has ClickHouse's range."""

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2299, 12, 31, 23, 59, 59, 999_999, UTC)
"""What a `DateTime64` column holds; beyond it ClickHouse stores another time without a word."""
OUT_OF_RANGE = "must be a time from 1900 to 2299"


type Moment = Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})]
"""ISO 8601 as RFC 3339 has it, though the zone may be missing; contracts keep it by `storable`."""


def utc(moment: datetime) -> datetime:
    """`moment` with a zone: times without one are UTC. Raises OverflowError for one that is no time there.

    Such as the last hours of the year 9999 west of Greenwich: PostgreSQL takes it, and nobody reads it back.
    """
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    moment.astimezone(UTC)
    return moment


def storable(moment: datetime) -> datetime:
    """`moment` in UTC, if ClickHouse can hold it. Raises ValueError."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if not EARLIEST <= moment <= LATEST:
        raise ValueError(OUT_OF_RANGE)
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
