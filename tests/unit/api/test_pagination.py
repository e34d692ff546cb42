"""Cursors: what we made comes back, anything else is refused."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heimdall_project.api.pagination import Position, decode, encode
from heimdall_project.errors import Refused

moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(moments, st.integers(0, 2**63 - 1), st.booleans())
def test_a_cursor_keeps_its_position_to_the_microsecond(at: datetime, pk: int, back: bool) -> None:
    assert decode(encode(Position(at, pk, back))) == Position(at, pk, back)


@given(st.text(max_size=60))
def test_any_other_text_is_refused(text: str) -> None:
    try:
        position = decode(text)
    except Refused as refused:
        assert "cursor" in refused.errors
    else:
        assert isinstance(position, Position)


@pytest.mark.parametrize(
    "position", [Position(datetime(2026, 1, 1), 1), Position(datetime(2026, 1, 1, tzinfo=UTC), 2**63)]
)
def test_a_forged_position_that_the_database_cannot_compare_is_refused(position: Position) -> None:
    with pytest.raises(Refused):
        decode(encode(position))
