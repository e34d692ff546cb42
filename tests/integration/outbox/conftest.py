"""Topics of this test's own, on the real broker."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from pytest_django import Settings

from heimdall_project.streams import broker, topics
from heimdall_project.streams.topics import Topic

USED = (Topic.ANALYSIS_REQUEST, Topic.CATALOG_UPSERTS)


@pytest.fixture
def own_prefix(settings: Settings) -> str:
    """A prefix that no other test has; nothing is created."""
    settings.KAFKA_TOPIC_PREFIX = f"{settings.KAFKA_TOPIC_PREFIX}outbox-{uuid4().hex[:8]}."
    return str(settings.KAFKA_TOPIC_PREFIX)


@pytest.fixture
def own_topics(own_prefix: str) -> Iterator[str]:
    """Topics below that prefix."""
    broker.admin().create([topics.spec(name) for name in USED])
    yield own_prefix
    broker.admin().delete(USED)
