"""Every worker is documented, reads topics that exist, and has somewhere to put what it cannot read."""

import inspect

import pytest

from heimdall_project.streams import registry, topics
from heimdall_project.streams.consumer import Loop, Worker

WORKERS = registry.workers()


@pytest.mark.parametrize("worker", WORKERS, ids=lambda worker: worker.name)
def test_a_worker_says_in_a_line_what_it_does(worker: type[Worker]) -> None:
    assert inspect.getdoc(worker) and len(registry.meaning(worker)) <= 120


@pytest.mark.parametrize(
    "worker", [each for each in WORKERS if not issubclass(each, Loop)], ids=lambda worker: worker.name
)
def test_a_consumer_reads_known_topics_and_has_dead_letters(worker: type[Worker]) -> None:
    read = worker.topics()  # type: ignore[attr-defined]
    assert read
    if worker.name == "dlq-indexer":  # it reads them all: of a dead letter there is none
        return
    for name in read:
        spec = topics.spec(name)
        assert spec.dead_letters and topics.spec(spec.dead_letters).dead_letters is None


def test_the_workers_of_the_design_are_there() -> None:
    named = {
        "outbox-relay",
        "analysis-worker",
        "job-results",
        "job-sweeper",
        "clickhouse-writer",
        "dlq-cleanup",
        "dlq-indexer",
        "dlq-redriver",
    }
    assert named <= {worker.name for worker in WORKERS}
