"""Unit tests use no service, also those that run behind tests that do, in one process."""

import pytest
from django.db import connections


@pytest.fixture(scope="module", autouse=True)
def nothing_is_connected() -> None:
    """A worker under test looks after the connection of its thread: here it must find none."""
    connections.close_all()
