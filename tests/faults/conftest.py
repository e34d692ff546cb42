"""The world of a fault test on the test instance's own servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from heimdall_project.streams import broker

from .world import World, unique, world_of


@pytest.fixture
def world(transactional_db: None, settings: Settings, tmp_path: Path) -> Iterator[World]:
    """Topics, groups and tables of this test."""
    settings.KAFKA_TOPIC_PREFIX = settings.KAFKA_GROUP_PREFIX = unique()
    database = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    with world_of(tmp_path, database=database, bootstrap=settings.KAFKA_BOOTSTRAP_SERVERS) as made:
        yield made


@pytest.fixture
def fresh_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    """An administration client for the brokers that this test names."""
    monkeypatch.setattr(broker, "_admin", None)
