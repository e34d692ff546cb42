"""Real processes of others, that only speak Kafka, beside real processes of ours."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from heimdall_project.streams import topics
from heimdall_project.streams.topics import Topic
from jobs.models import AnalysisJob, JobTransition
from tests.factories import LOG, make_job
from tests.faults.world import World
from tests.probe_workers.harness import eventually

from .conftest import Run

pytestmark = pytest.mark.usefixtures("world")
HERE = Path(__file__).parent
OUTSIDERS = ("outside_worker.py", "outside_producer.py")
RELAY, WORKER, RESULTS = "outbox-relay", "analysis-worker", "job-results"


def outsider(script: str, world: World, *options: str, stdin: str = "") -> str:
    """Run a script of another team to its end; answers what it printed."""
    place = ["--brokers", world.bootstrap, "--prefix", topics.physical("")]
    done = subprocess.run(
        [sys.executable, str(HERE / script), *place, *options],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        cwd="/",
        env={"PATH": os.environ["PATH"]},  # nothing of ours is found, not even by accident
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def ended(job: AnalysisJob) -> AnalysisJob:
    """The job after its end."""
    eventually(lambda: AnalysisJob.objects.exclude(finished_at=None).filter(pk=job.pk).exists(), "its end")
    return AnalysisJob.objects.get(pk=job.pk)


def told(job: AnalysisJob) -> list[str]:
    return list(JobTransition.objects.filter(job=job).order_by("id").values_list("event", flat=True))


@pytest.mark.parametrize("script", OUTSIDERS)
def test_outsiders_know_nothing_of_ours(script: str) -> None:
    tree = ast.parse((HERE / script).read_text())
    imports = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "ours"]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imports - set(sys.stdlib_module_names) == {"confluent_kafka"}


SAID = {"summary", "root_cause", "recommendation", "severity", "confidence"}


def test_an_outside_worker_completes_our_jobs(world: World, run: Run) -> None:
    jobs = [make_job(correlation_id=f"corr-{number}") for number in range(3)]
    with run(RELAY, RESULTS):
        answered = outsider("outside_worker.py", world, "--records", "3").split()
        after = [ended(job) for job in jobs]
    assert sorted(answered) == sorted(str(job.request_id) for job in jobs)
    for job in after:
        assert (job.status, job.model, job.bifrost_analysis_id) == ("SUCCEEDED", "outside-model", 123456)
        assert job.result and (job.result["confidence"], job.duration_seconds) == (0.95, 2.5)
        assert job.result["summary"] == "orders: 연결 타임아웃"
        assert job.result["root_cause"] == LOG.splitlines()[0]


def test_an_outside_worker_may_say_why_there_is_no_result(world: World, run: Run) -> None:
    job = make_job()
    with run(RELAY, RESULTS):
        outsider("outside_worker.py", world, "--failure", "model_unavailable")
        after = ended(job)
    assert (after.status, after.failure_class) == ("FAILED", "model_unavailable")
    assert after.failure_message == "no such model here"


def test_an_answer_that_an_outside_worker_repeats_changes_nothing(world: World, run: Run) -> None:
    job = make_job()
    with run(RELAY, RESULTS):
        outsider("outside_worker.py", world, "--times", "3")
        eventually(lambda: told(job).count("result_duplicate") == 2, "both copies")
    assert told(job).count("result_applied") == 1


@pytest.mark.parametrize("options", [[], ["--nulls", "--no-key"], ["--callback-topic", "analysis.result"]])
def test_an_outside_producer_gets_its_result(world: World, run: Run, options: list[str]) -> None:
    with run(RELAY, WORKER):
        printed = outsider("outside_producer.py", world, "--correlation-id", "corr-7", *options, stdin=LOG)
    answer = json.loads(printed)
    assert (answer["correlation_id"], answer["log_id"]) == ("corr-7", 12345)
    assert isinstance(answer["bifrost_analysis_id"], int) and isinstance(answer["duration_seconds"], float)
    assert {"summary", "root_cause", "recommendation", "severity", "confidence"} <= set(
        answer["analysis_result"]
    )
    assert not AnalysisJob.objects.exists()


KEYS: dict[str, Any] = {
    "text": b"12345",
    "a long, as the Java client writes it": (12345).to_bytes(8, "big"),
    "JSON": b'"12345"',
    "bytes that are no text": b"\xff\xfe",
    "none": None,
}


def test_results_are_applied_whatever_their_keys_and_headers_are(world: World, run: Run) -> None:
    jobs = [make_job() for _ in KEYS]
    producer = Producer({"bootstrap.servers": world.bootstrap, "acks": "all"})
    strange = [
        ("traceparent", b"not one"),
        ("schema", b"theirs/9"),
        ("event_id", b"\xff"),
        ("event_id", None),
    ]
    for job, (kind, key) in zip(jobs, KEYS.items(), strict=True):
        headers: Any = strange if kind == "none" else None
        producer.produce(topics.physical(Topic.ANALYSIS_RESULT), result_to(job), key=key, headers=headers)
    assert producer.flush(30) == 0
    with run(RESULTS):
        assert {ended(job).status for job in jobs} == {"SUCCEEDED"}
    assert world.dead_letters() == []


def result_to(job: AnalysisJob) -> bytes:
    """The least that a result says."""
    words = dict.fromkeys(("summary", "root_cause", "recommendation"), "s")
    result = words | {"severity": "LOW", "confidence": "0.5"}
    event = {
        "request_id": str(job.request_id),
        "timestamp": "2024-11-12 10:30:15.123",
        "log_id": str(job.log_entry_id),
        "analysis_result": result,
    }
    return json.dumps(event).encode()
