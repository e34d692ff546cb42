"""`manage.py generate_events` on the real broker: the truth is what the topic holds."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from django.conf import settings
from django.core.management import CommandError, call_command

from heimdall_project.streams import topics
from heimdall_project.streams.topics import Topic
from ingestion.generator.blocks import Maker
from ingestion.generator.truth import Truth, expected
from tests.probe_workers.harness import ROOT, eventually

PARTITIONS = 6


def held(topic: str = Topic.PAGE_VIEWS) -> list[bytes]:
    """Values in a topic, by partition in order."""
    client = Consumer({"bootstrap.servers": settings.KAFKA_BOOTSTRAP_SERVERS, "group.id": "reader"})
    places = [TopicPartition(topics.physical(topic), number, 0) for number in range(PARTITIONS)]
    total = sum(client.get_watermark_offsets(place, timeout=10)[1] for place in places)
    client.assign(places)
    found: list[tuple[int, int, bytes]] = []
    while len(found) < total:
        messages = client.consume(total - len(found), 10)
        assert messages and not any(each.error() for each in messages)
        found += [(each.partition(), each.offset(), each.value()) for each in messages]
    client.close()
    return [value for _, _, value in sorted(found)]


def generate(*arguments: str, **options: Any) -> None:
    call_command("generate_events", *arguments, **options)


FAULTS = "dup=0.05,restamp=0.05,conflict=0.05,poison=0.1,late=0.05,future=0.05,no_id=0.05"


def test_the_topic_holds_what_the_truth_says(own_topics: str, tmp_path: Path) -> None:
    generate("--count=3000", "--flat-out", "--seed=7", f"--faults={FAULTS}", f"--truth={tmp_path / 't'}")
    truth = Truth.from_json((tmp_path / "t").read_bytes())
    assert truth.known == expected(Maker(truth.options)).known
    assert Counter(held()) == Counter(made.value for made in Maker(truth.options))


def test_shards_send_together_what_one_would(own_topics: str, tmp_path: Path) -> None:
    for shard in range(2):
        generate(
            "--count=1000",
            "--flat-out",
            "--seed=7",
            "--start=2026-01-01",
            f"--shard={shard}/2",
            f"--truth={tmp_path / str(shard)}",
        )
    first, second = (Truth.from_json((tmp_path / name).read_bytes()) for name in ("0", "1"))
    first.merge(second)
    assert first.known.events == len(set(held())) == 1000


def test_a_rehearsal_sends_nothing_and_tells_the_truth(
    own_topics: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate("--seconds=2", "--eps=100", "--dry-run", f"--truth={tmp_path / 't'}")
    assert Truth.from_json((tmp_path / "t").read_bytes()).known.events == 200
    assert "Would send" in capsys.readouterr().out
    assert held() == []


def test_an_interrupted_run_keeps_the_truth_about_what_was_acknowledged(
    own_topics: str, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [
            sys.executable,
            "manage.py",
            "generate_events",
            "--seconds=600",
            "--eps=500",
            f"--truth={tmp_path / 't'}",
        ],
        cwd=ROOT,
        env=os.environ | {"KAFKA_TOPIC_PREFIX": own_topics},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    eventually(lambda: len(held()) > 200)
    process.send_signal(signal.SIGINT)
    out, problems = process.communicate(timeout=60)
    assert process.returncode == 130, problems
    truth = Truth.from_json((tmp_path / "t").read_bytes())
    assert truth.unknown.records == 0
    assert truth.known.events == len(held()) > 200
    assert truth.unsent == 600 * 500 - truth.known.records
    assert f"{truth.known.records:,} records acknowledged" in out


def test_a_topic_that_is_not_there_is_named_with_its_remedy(settings: Any) -> None:
    settings.KAFKA_TOPIC_PREFIX = "nobody-has-this."
    with pytest.raises(CommandError, match=r"no topic nobody-has-this.events.page_view.v1: .*ensure_topics"):
        generate("--count=1")


def test_a_broker_that_is_not_there_is_told_at_once(broker_away: None) -> None:
    with pytest.raises(CommandError, match="Kafka cannot be reached"):
        generate("--count=1")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "give --count or --seconds"),
        (["--count=-1"], r"\$\.count"),
        (["--count=1", "--eps=0"], r"\$\.eps"),
        (["--seconds=-1"], "--seconds -1"),
        (["--seconds=nan"], "--seconds nan"),
        (["--count=1", "--start=soon"], "cannot generate that"),
        (["--count=1", "--shard=2/2"], "shard 2 of 2"),
        (["--count=1", "--shard=x"], "cannot generate that"),
        (["--count=1", "--faults=lies=1"], "unknown fault 'lies'"),
        (["--count=1", "--topic=nope"], "unknown topic 'nope'; known: "),
        (["--count=1", "--truth=/no/such/place/t"], "there is no directory /no/such/place"),
        (["--resume=/no/such/file"], "No such file"),
        (["--resume=manage.py"], "not a file of spilled records"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(arguments: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        generate(*arguments)


def test_whoever_sends_by_http_must_have_a_name(settings: Any) -> None:
    settings.HEIMDALL_USER = settings.HEIMDALL_PASSWORD = ""
    with pytest.raises(CommandError, match="Set HEIMDALL_USER and HEIMDALL_PASSWORD to send by HTTP"):
        generate("--count=1", "--http=http://127.0.0.1:1")
    settings.HEIMDALL_USER, settings.HEIMDALL_URL = "ada", "ftp://127.0.0.1:1"
    with pytest.raises(CommandError, match="Set HEIMDALL_PASSWORD to send"):
        generate("--count=1", "--http")
    settings.HEIMDALL_PASSWORD = "pw"
    with pytest.raises(CommandError, match="--http: give an address as http://host:port"):
        generate("--count=1", "--http")
    with pytest.raises(CommandError, match="--http: give an address as http://host:port"):
        generate("--count=1", "--http=ftp://127.0.0.1:1")


def test_where_no_door_is_records_go_to_a_file(
    settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.HEIMDALL_USER, settings.HEIMDALL_PASSWORD = "ada", "pw"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError, match=r"nobody can be reached(.|\n)*--resume"):
        generate("--count=250", "--flat-out", "--http=http://127.0.0.1:1", "--give-up=1")
    [left] = list(tmp_path.iterdir())
    with pytest.raises(CommandError, match="nobody can be reached"):
        generate(f"--resume={left}", "--flat-out", "--give-up=1")
    assert f"{left}: 250 records to send again" in capsys.readouterr().out
    assert [each.name for each in tmp_path.iterdir()] == [left.name]
