import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from docker.local import Instance, private_instance


@pytest.fixture
def instance() -> Iterator[Instance]:
    """An instance with ports and data of its own."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as home:
        yield private_instance(Path(home))
