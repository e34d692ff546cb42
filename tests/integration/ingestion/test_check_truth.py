"""What was generated and went through the real writer is what the truth says; every lie is named."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from heimdall_project.clients import clickhouse
from heimdall_project.clients.clickhouse import ClickHouse
from heimdall_project.errors import InvalidMessage
from heimdall_project.streams import broker, redrive
from heimdall_project.streams.dead_letters import Failure, build
from heimdall_project.streams.records import Outgoing, Record
from heimdall_project.streams.topics import Topic
from ingestion.generator.truth import Truth
from tests.probe_workers.harness import run_consumer

FAULTS = "dup=0.05,restamp=0.05,conflict=0.05,poison=0.03,late=0.05,future=0.05,no_id=0.1"
PATIENCE = "60"


@pytest.fixture
def tables(settings: Settings, transactional_db: None) -> Iterator[ClickHouse]:
    """The tables in a database of this test."""
    address = os.environ["CLICKHOUSE_URL"]
    name = f"truth_{uuid4().hex[:8]}"
    settings.CLICKHOUSE_URL = urlunsplit(urlsplit(address)._replace(path=f"/{name}"))
    clickhouse.client.cache_clear()
    call_command("migrate_clickhouse", skip_checks=True)
    yield clickhouse.client()
    clickhouse.client.cache_clear()
    ClickHouse(url=address).command(f"DROP DATABASE IF EXISTS {name} SYNC")


@pytest.fixture
def written(own_topics: str, tables: ClickHouse, settings: Settings, tmp_path: Path) -> Path:
    """Two thousand records that went through the writer; answers the file of truth."""
    truth = tmp_path / "truth.json"
    call_command("generate_events", "--count=2000", "--flat-out", f"--faults={FAULTS}", f"--truth={truth}")
    environment = {
        "KAFKA_TOPIC_PREFIX": own_topics,
        "KAFKA_GROUP_PREFIX": own_topics,
        "CLICKHOUSE_URL": settings.CLICKHOUSE_URL,
    }
    with run_consumer(tmp_path, "clickhouse-writer", **environment):
        call_command("check_truth", str(truth), "--wait", PATIENCE)
    return truth


def told(truth: Path, *arguments: str) -> str:
    with pytest.raises(CommandError) as refusal:
        call_command("check_truth", str(truth), *arguments)
    assert refusal.value.returncode == 1
    return str(refusal.value)


def test_what_the_writer_stored_and_refused_is_what_the_truth_says(
    written: Path, tables: ClickHouse, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("check_truth", str(written))
    assert "All of it is there, once." in capsys.readouterr().out

    lost = tables.rows(
        "SELECT event_id FROM page_views WHERE length(event_id) < 64 ORDER BY event_id LIMIT 1"
    )
    [name] = [row["event_id"] for row in lost]
    tables.command(
        "ALTER TABLE page_views DELETE WHERE event_id = {id:String}",
        {"id": name},
        settings={"mutations_sync": 1},
    )
    lies = told(written, "--no-dead-letters")
    assert "distinct events: " in lies and "(-1)" in lies and f"missing: {name} (" in lies

    mark = ("generated", f"{Truth.from_json(written.read_bytes()).run}:late".encode())
    place = [("original_topic", b"t"), ("original_partition", b"0"), ("original_offset", b"1")]
    letter = Outgoing(Topic.PAGE_VIEWS_DLT, b"{}", b"k", [mark, *place, ("disposition", b"contract")])
    broker.producer().publish([letter, letter])
    assert "dead letters of late: 1 seen, 0 expected (+1)" in told(written)


def test_letters_that_a_redrive_made_anew_are_no_surplus_unless_they_only_say_so(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mark = ("generated", f"{Truth.from_json(written.read_bytes()).run}:late".encode())
    who = {"redrive_id": "r-1", "group": "heimdall.clickhouse-writer"}
    marks = redrive.marks(topic=Topic.PAGE_VIEWS, key=b"k", value=b"{}", count=1, **who)
    record = Record(Topic.PAGE_VIEWS, 0, 10**6, 1_795_262_400_000, b"k", b"{}", [mark, *marks])
    failure = Failure(record, InvalidMessage("again"), 1, 1.8e9)
    made = build(failure, worker="clickhouse-writer", group=who["group"])
    broker.producer().publish([made, made])
    call_command("check_truth", str(written))
    assert "All of it is there, once." in capsys.readouterr().out

    said = [(name, b"1" if name == "original_offset" else value) for name, value in made.headers]
    broker.producer().publish([Outgoing(made.topic, made.value, made.key, said)])
    assert "dead letters of late: 1 seen, 0 expected (+1)" in told(written)


def test_what_cannot_be_asked_is_told_apart_from_what_differs(
    settings: Settings, tmp_path: Path, own_topics: str
) -> None:
    truth = tmp_path / "truth.json"
    call_command("generate_events", "--count=1", f"--truth={truth}")
    settings.CLICKHOUSE_URL = "http://nobody:x@127.0.0.1:1/nothing"
    clickhouse.client.cache_clear()
    with pytest.raises(CommandError, match="cannot be compared: clickhouse") as refusal:
        call_command("check_truth", str(truth))
    assert refusal.value.returncode == 2


def test_the_truth_must_be_whole(tmp_path: Path) -> None:
    for name, arguments in {"a": ["--shard=0/2"], "b": ["--shard=0/2"]}.items():
        call_command(
            "generate_events",
            "--count=200",
            "--seed=1",
            "--start=2026-01-01",
            "--dry-run",
            f"--truth={tmp_path / name}",
            *arguments,
        )
    with pytest.raises(CommandError, match="the truth of shard 1 of 2 is missing"):
        call_command("check_truth", str(tmp_path / "a"))
    with pytest.raises(CommandError, match="both count shard 0"):
        call_command("check_truth", str(tmp_path / "a"), str(tmp_path / "b"))
    with pytest.raises(CommandError, match="No such file"):
        call_command("check_truth", str(tmp_path / "c"))
    (tmp_path / "c").write_text("{}")
    with pytest.raises(CommandError, match="not a file of truth"):
        call_command("check_truth", str(tmp_path / "c"))
