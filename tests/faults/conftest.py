"""The world of a fault test: on the test instance's servers, or on one that the test may break."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from docker.local import ClickHouse, Kafka, Postgres, private_instance
from heimdall_project.streams import broker

from .world import World, unique, world_of
from .writers import Writers, writers_of


def database() -> str:
    """URL of the test database."""
    return "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)


@pytest.fixture
def prefixed(settings: Settings) -> Settings:
    """Settings with topics and groups that no other test has."""
    settings.KAFKA_TOPIC_PREFIX = settings.KAFKA_GROUP_PREFIX = unique()
    return settings


@pytest.fixture
def world(transactional_db: None, prefixed: Settings, tmp_path: Path) -> Iterator[World]:
    """Topics, groups and tables of this test."""
    with world_of(tmp_path, database=database(), bootstrap=prefixed.KAFKA_BOOTSTRAP_SERVERS) as made:
        yield made


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A database server that tests may break; they leave it running."""
    with tempfile.TemporaryDirectory(prefix="heimdall-faults-", dir="/var/tmp") as home:
        server = Postgres(private_instance(Path(home)))
        try:
            server.start()
            yield server
        finally:
            server.destroy()


@pytest.fixture
def world_on_postgres(postgres: Postgres, prefixed: Settings, tmp_path: Path) -> Iterator[World]:
    """A world whose database may go away."""
    postgres.start()
    url = postgres.instance.environment()["DATABASE_URL"]
    with world_of(tmp_path, database=url, bootstrap=prefixed.KAFKA_BOOTSTRAP_SERVERS) as made:
        made.manage("migrate", "--verbosity=0")
        yield made


@pytest.fixture
def kafka() -> Iterator[Kafka]:
    """A broker that one test may break."""
    with tempfile.TemporaryDirectory(prefix="heimdall-faults-", dir="/var/tmp") as home:
        server = Kafka(private_instance(Path(home)))
        try:
            server.start()
            yield server
        finally:
            server.destroy()


@pytest.fixture
def world_on_kafka(
    transactional_db: None,
    kafka: Kafka,
    prefixed: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """A world whose broker may go away."""
    prefixed.KAFKA_BOOTSTRAP_SERVERS = f"127.0.0.1:{kafka.port}"
    monkeypatch.setattr(broker.administration, "_admin", None)
    with world_of(tmp_path, database=database(), bootstrap=prefixed.KAFKA_BOOTSTRAP_SERVERS) as made:
        yield made


@pytest.fixture
def writers(transactional_db: None, prefixed: Settings, tmp_path: Path) -> Iterator[Writers]:
    """A world of the writer of page views."""
    with writers_of(tmp_path, database=database(), clickhouse=os.environ["CLICKHOUSE_URL"]) as made:
        yield made


@pytest.fixture(scope="session")
def clickhouse_of_its_own() -> Iterator[ClickHouse]:
    """A ClickHouse that tests may break."""
    with tempfile.TemporaryDirectory(prefix="heimdall-faults-", dir="/var/tmp") as home:
        server = ClickHouse(private_instance(Path(home)))
        try:
            server.start()
            yield server
        finally:
            server.destroy()


@pytest.fixture
def clickhouse(clickhouse_of_its_own: ClickHouse) -> Iterator[ClickHouse]:
    """That one, up and in order; also for the next test."""
    server = clickhouse_of_its_own
    server.start()
    yield server
    server.thaw()
    server.configure()
    server.start()


@pytest.fixture
def writers_on_clickhouse(
    transactional_db: None, clickhouse: ClickHouse, prefixed: Settings, tmp_path: Path
) -> Iterator[Writers]:
    """A world of the writer whose ClickHouse may go away; it must be back at the end."""
    url = clickhouse.instance.environment()["CLICKHOUSE_URL"]
    with writers_of(tmp_path, database=database(), clickhouse=url) as made:
        yield made
