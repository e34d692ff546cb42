"""Tables in ClickHouse, for every test that reads or writes page views."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from pytest_django import Settings

if TYPE_CHECKING:  # this file is read before Django is set up
    from tests.integration.ingestion.stored import Store


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """A database in ClickHouse with the tables of ingestion: its address."""
    from heimdall_project.clients.clickhouse import ClickHouse
    from ingestion.schema.files import read

    address = os.environ["CLICKHOUSE_URL"]
    name = f"ingestion_{uuid4().hex[:8]}"
    ClickHouse(url=address).command(f"CREATE DATABASE {name}")
    own = urlunsplit(urlsplit(address)._replace(path=f"/{name}"))
    client = ClickHouse(url=own)
    for migration in read():
        for statement in migration.forward:
            client.command(statement)
    yield own
    client.command(f"DROP DATABASE {name} SYNC")


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
