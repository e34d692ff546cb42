"""Dead letters for tests, as the runtime writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .letters import Letters


@pytest.fixture
def letters() -> Letters:
    """Makes dead letters, each at an offset of its own."""
    from .letters import Letters

    return Letters()
