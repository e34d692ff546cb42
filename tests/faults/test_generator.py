"""The generator while the broker is away: what was not acknowledged is kept, and sent later."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, TopicPartition

from docker.local import Kafka
from heimdall_project.events import codec
from heimdall_project.events.page_views import PageView
from heimdall_project.streams import topics
from heimdall_project.streams.topics import Topic
from ingestion.generator.blocks import Maker
from ingestion.generator.truth import Truth, expected
from tests.probe_workers.harness import ROOT, eventually

from .world import World


def ids(world: World) -> list[str]:
    """Event ids in the topic."""
    client = Consumer({"bootstrap.servers": world.bootstrap, "group.id": "reader", "log_level": 2})
    places = [TopicPartition(topics.physical(Topic.PAGE_VIEWS), number, 0) for number in range(6)]
    total = sum(client.get_watermark_offsets(place, timeout=20)[1] for place in places)
    client.assign(places)
    found: list[str] = []
    while len(found) < total:
        messages = client.consume(total - len(found), 10)
        assert messages and not any(each.error() for each in messages)
        found += [codec.decode(PageView, each.value()).event_id for each in messages]
    client.close()
    return found


def has_records(world: World) -> bool:
    """Whether some stand in the topic; a broker that starts does not know its partitions at once."""
    try:
        return len(ids(world)) > 300
    except KafkaException:
        return False


@contextmanager
def generate(world: World, directory: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """The command as a process of its own."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "generate_events", *arguments],
        cwd=directory,
        env=os.environ | world.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def truth_in(directory: Path) -> Truth:
    """The truth that the command kept."""
    return Truth.from_json((directory / "truth.json").read_bytes())


def test_what_a_broker_that_went_away_did_not_acknowledge_is_sent_later_and_nothing_is_lost(
    world_on_kafka: World, kafka: Kafka, tmp_path: Path
) -> None:
    world = world_on_kafka
    world.create(Topic.PAGE_VIEWS)
    with generate(
        world, tmp_path, "--seconds=8", "--eps=300", "--give-up=3", "--truth=truth.json"
    ) as process:
        eventually(lambda: has_records(world))
        kafka.kill()
        _, problems = process.communicate(timeout=90)
    assert process.returncode == 1, problems
    truth = truth_in(tmp_path)
    kafka.start()
    eventually(lambda: has_records(world))
    assert truth.known.events <= len(set(ids(world))) <= truth.known.events + truth.unknown.events
    assert truth.unknown.events > 0 and truth.unsent > 0

    [left] = re.findall(r"--resume (\S+)", problems)
    with generate(world, tmp_path, f"--resume={left}", "--truth=truth.json", "--flat-out") as process:
        told, problems = process.communicate(timeout=90)
    assert process.returncode == 0, problems
    assert "was removed" in told and not Path(left).exists()
    truth, found = truth_in(tmp_path), ids(world)
    assert truth.known == expected(Maker(truth.options)).known
    assert len(set(found)) == truth.known.events == 2400
    assert len(found) - 2400 <= truth.extra_copies


def test_a_broker_that_comes_back_in_time_is_waited_for(
    world_on_kafka: World, kafka: Kafka, tmp_path: Path
) -> None:
    world = world_on_kafka
    world.create(Topic.PAGE_VIEWS)
    with generate(world, tmp_path, "--seconds=10", "--eps=300", "--truth=truth.json") as process:
        eventually(lambda: has_records(world))
        kafka.restart()
        _, problems = process.communicate(timeout=90)
    assert process.returncode == 0, problems
    truth, found = truth_in(tmp_path), ids(world)
    assert truth.known == expected(Maker(truth.options)).known
    assert len(found) == len(set(found)) == 3000
