"""Tables in ClickHouse, and topics for events, for tests of every product."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from pytest_django import Settings

if TYPE_CHECKING:  # this file is read before Django is set up
    from tests.integration.ingestion.stored import Store


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """A database in ClickHouse with the tables of ingestion: its address."""
    from tests.page_view_tables import own_database

    with own_database(os.environ["CLICKHOUSE_URL"]) as own:
        yield own


@pytest.fixture
def store(database: str, settings: Settings, db: None) -> Iterator[Store]:
    """Empty tables, and empty books."""
    from heimdall_project.clients.clickhouse import ClickHouse
    from ingestion.reading import session
    from tests.integration.ingestion.stored import Store

    settings.CLICKHOUSE_URL = database
    session._client.cache_clear()
    made = Store(ClickHouse())
    for table in ("page_views", "page_view_arrivals"):
        made.clickhouse.command(f"TRUNCATE TABLE {table}")
    yield made
    session._client.cache_clear()


@pytest.fixture(scope="session")
def events_prefix() -> Iterator[str]:
    """What stands before the names of topics that take events; they are made once."""
    from django.conf import settings
    from django.test import override_settings

    from heimdall_project.streams import broker, topics
    from heimdall_project.streams.topics import Topic

    used = (Topic.PAGE_VIEWS, Topic.PAGE_VIEWS_DLT)
    prefix = f"{settings.KAFKA_TOPIC_PREFIX}api-{uuid4().hex[:8]}."
    with override_settings(KAFKA_TOPIC_PREFIX=prefix):
        broker.admin().create([topics.spec(name) for name in used])
    yield prefix
    with override_settings(KAFKA_TOPIC_PREFIX=prefix):
        broker.admin().delete(used)


@pytest.fixture
def takes_events(events_prefix: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Events of this test have a topic, and a client for the broker of their own."""
    from heimdall_project.api import express  # with the apps loaded, which they are not for a conftest
    from heimdall_project.streams import intake

    settings.KAFKA_TOPIC_PREFIX = events_prefix
    monkeypatch.setattr(intake, "_intake", None)
    express.known.forget()
    yield
    if intake._intake is not None:
        intake._intake.close()
    express.known.forget()
