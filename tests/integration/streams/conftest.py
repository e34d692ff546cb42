"""Topics and groups of each test's own, on the real broker."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from pytest_django import Settings

from heimdall_project.streams import broker, topics
from heimdall_project.streams.topics import Topic

USED = (Topic.ANALYSIS_REQUEST, Topic.DLQ_FAILED)


@pytest.fixture
def own_topics(settings: Settings) -> Iterator[str]:
    """Topics that no other test has; answers what stands before their names."""
    prefix = f"{settings.KAFKA_TOPIC_PREFIX}streams-{uuid4().hex[:8]}."
    settings.KAFKA_TOPIC_PREFIX = prefix
    broker.admin().create([topics.spec(name) for name in USED])
    yield prefix
    broker.admin().delete(USED)
