"""Times as ClickHouse's columns hold them: milliseconds since 1970."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2299, 12, 31, tzinfo=UTC)
"""Nothing outside of these can be stored."""


def milliseconds(moment: datetime) -> int:
    """A time for a query; what lies outside of what can be stored is its nearest end."""
    return (min(max(moment, _FIRST), _LAST) - _EPOCH) // _MILLISECOND


def moment(value: int) -> datetime:
    """The time of a column."""
    return _EPOCH + value * _MILLISECOND
