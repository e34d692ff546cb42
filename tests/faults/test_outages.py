"""PostgreSQL or Kafka goes away under a consumer that is at work, and comes back."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from docker.local import Kafka, Postgres, private_instance
from tests.probe_workers.harness import ROOT, eventually

from .load import Load, load
from .world import World, unique, world_of

pytestmark = pytest.mark.django_db(transaction=True)
WORKER = "probe-record"


@pytest.fixture
def postgres(settings: Settings) -> Iterator[tuple[Postgres, str]]:
    """A database server that this test may stop, with our tables; and its URL."""
    with tempfile.TemporaryDirectory(prefix="heimdall-faults-") as home:
        server = Postgres(private_instance(Path(home)))
        try:
            server.start()
            environment = server.instance.environment() | {"DEBUG": "true"}
            command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=120)
            yield server, environment["DATABASE_URL"]
        finally:
            server.destroy()


def some_more(world: World, told: Load) -> None:
    """Wait until records that were published from now on are handled."""
    mark = len(told.acked)
    eventually(lambda: len(told.acked) > mark + 50, "the broker taking records")
    awaited = told.acked[mark]
    eventually(lambda: awaited in world.stored(WORKER), f"{awaited} handled")


def test_postgresql_that_goes_away_under_load_delays_and_costs_nothing(
    postgres: tuple[Postgres, str], settings: Settings, tmp_path: Path
) -> None:
    server, url = postgres
    settings.KAFKA_TOPIC_PREFIX = settings.KAFKA_GROUP_PREFIX = unique()
    with world_of(tmp_path, database=url, bootstrap=settings.KAFKA_BOOTSTRAP_SERVERS) as world:
        with world.run(WORKER) as process, load(world) as told:
            some_more(world, told)
            server.stop()
            process.wait_for_line("handler_waits")
            mark = len(told.acked)
            eventually(lambda: len(told.acked) > mark + 300, "records that come while it is away")
            server.start()
            some_more(world, told)
            assert len(process.lines("partitions_assigned")) == 1, "it kept its partitions"
            assert not process.lines("worker_failed")
        with world.run(WORKER):
            world.await_through(WORKER)
        assert world.stored(WORKER) == set(told.acked)
        assert world.dead_letters() == []
        world.assert_balanced(WORKER)


def test_a_broker_that_restarts_under_load_loses_nothing_that_it_acknowledged(
    transactional_db: None, settings: Settings, tmp_path: Path, fresh_admin: None
) -> None:
    database = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**settings.DATABASES["default"])
    with tempfile.TemporaryDirectory(prefix="heimdall-faults-") as home:
        server = Kafka(private_instance(Path(home)))
        try:
            server.start()
            settings.KAFKA_BOOTSTRAP_SERVERS = f"127.0.0.1:{server.port}"
            settings.KAFKA_TOPIC_PREFIX = settings.KAFKA_GROUP_PREFIX = unique()
            with world_of(tmp_path, database=database, bootstrap=settings.KAFKA_BOOTSTRAP_SERVERS) as world:
                with world.run(WORKER), load(world) as told:
                    some_more(world, told)
                    server.restart()
                    some_more(world, told)
                with world.run(WORKER):
                    world.await_through(WORKER)
                assert set(told.acked) <= world.stored(WORKER)
                assert world.dead_letters() == []
                world.assert_balanced(WORKER)
        finally:
            server.destroy()
