"""Topics of each test's own, and people who ask."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import Settings

from heimdall_project.errors import TransientError
from heimdall_project.streams import broker, intake, topics
from heimdall_project.streams.topic_admin import create_missing, survey
from heimdall_project.streams.topics import Topic
from tests.people import People
from tests.probe_workers.harness import eventually

USED = (Topic.PAGE_VIEWS, Topic.PAGE_VIEWS_DLT, Topic.ANALYSIS_RESULT)


def _has_leaders(topic: str) -> bool:
    """Whether every partition of a new topic can be asked already."""
    try:
        return broker.admin().extent(topic, timeout=5) is not None
    except TransientError:
        return False


@pytest.fixture
def own_topics(settings: Settings) -> Iterator[str]:
    """Topics that no other test has; answers what stands before their names."""
    prefix = f"{settings.KAFKA_TOPIC_PREFIX}ingestion-{uuid4().hex[:8]}."
    settings.KAFKA_TOPIC_PREFIX = prefix
    specs = [topics.spec(name) for name in USED]
    create_missing(broker.admin(), specs, survey(broker.admin(), specs))
    eventually(lambda: all(_has_leaders(name) for name in USED))
    yield prefix
    broker.admin().delete(USED)


@pytest.fixture
def clickhouse_away(settings: Settings) -> Iterator[None]:
    """An address where no ClickHouse listens."""
    from ingestion.reading import session

    settings.CLICKHOUSE_URL = "http://heimdall:heimdall@127.0.0.1:1/heimdall"
    session._client.cache_clear()
    yield
    session._client.cache_clear()


@pytest.fixture
def broker_away(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address where no broker listens."""
    settings.KAFKA_BOOTSTRAP_SERVERS = "127.0.0.1:1"
    monkeypatch.setattr(broker.administration, "_admin", None)


@pytest.fixture
def vera(people: People) -> Client:
    """Who may see."""
    client = Client(raise_request_exception=False)
    client.force_login(people.vera)
    return client


@pytest.fixture
def own_intake(own_topics: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """An intake that the first request builds; settings can be changed before it. Nobody is remembered."""
    from heimdall_project.api import express  # with the apps loaded, which they are not for a conftest

    monkeypatch.setattr(intake, "_intake", None)
    express.known.forget()
    yield settings
    if intake._intake is not None:
        intake._intake.close()
    express.known.forget()
