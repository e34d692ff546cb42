"""Topics, groups and tables of one test, as in the fault tests; and the product's own workers."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from heimdall_project.streams.topics import Topic
from tests.faults.conftest import prefixed, world  # noqa: F401 - fixtures
from tests.faults.world import World
from tests.probe_workers.harness import RunConsumer

type Run = Callable[..., AbstractContextManager[RunConsumer]]


@pytest.fixture
def run(world: World) -> Run:  # noqa: F811
    """Starts workers of the product itself in this world."""
    world.create(Topic.ANALYSIS_RESULT)

    def start(*workers: str) -> AbstractContextManager[RunConsumer]:
        return world.run(*workers, DJANGO_SETTINGS_MODULE="heimdall_project.settings", DEBUG="true")

    return start
