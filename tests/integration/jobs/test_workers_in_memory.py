"""Both workers run by the runtime on a broker in memory."""

import pytest

from analysis.consumers import AnalysisWorker
from heimdall_project.events.codec import encode
from heimdall_project.events.jobs import AnalysisCompleted, AnalysisRequested
from heimdall_project.streams import registry
from heimdall_project.streams.testing import InMemoryBroker, run_until_idle
from jobs.consumers import JobResults
from jobs.models import AnalysisJob
from tests.factories import make_answer, make_job, make_outside_request, outbox_events

# Not inside a transaction: the runtime closes connections of its own accord.
pytestmark = pytest.mark.django_db(transaction=True)


def test_every_result_has_its_outcome_in_the_ledger() -> None:
    broker, job = InMemoryBroker(), make_job()
    wire = encode(make_answer(job.request_id))
    late = encode(make_answer(job.request_id, failure="timeout"))
    for value in (wire, wire, late, encode(make_answer(make_outside_request().request_id)), b"{", None):
        broker.produce("analysis.result", value, key=b"1")
    run_until_idle(broker.runner(JobResults()))
    counted = broker.books.counted(JobResults.group())
    dropped = {"dropped:late": 1, "dropped:foreign": 1}
    assert counted == {"stored": 1, "duplicate": 1, "dead_lettered": 2} | dropped
    assert broker.books.balances(JobResults.group())
    assert AnalysisJob.objects.get().status == "SUCCEEDED"


def test_requests_go_round_and_end_their_jobs() -> None:
    broker, jobs = InMemoryBroker(), [make_job() for _ in range(5)]
    for event in outbox_events(AnalysisRequested):
        broker.produce("analysis.request", encode(event), key=str(event.log_id).encode())
    run_until_idle(broker.runner(AnalysisWorker()))
    for answer in outbox_events(AnalysisCompleted, "analysis.result"):
        broker.produce("analysis.result", encode(answer), key=str(answer.log_id).encode())
    run_until_idle(broker.runner(JobResults()))
    assert {job.status for job in AnalysisJob.objects.all()} == {"SUCCEEDED"}
    assert broker.books.counted(AnalysisWorker.group()) == {"stored": len(jobs)}


def test_a_request_that_is_none_is_a_dead_letter_with_identical_bytes() -> None:
    broker = InMemoryBroker()
    broker.produce("analysis.request", b'{"request_id": 7}', key=b"1")
    run_until_idle(broker.runner(AnalysisWorker()))
    [letter] = broker.records("dlq.failed")
    assert letter.value == b'{"request_id": 7}'


def test_the_workers_are_registered_and_bounded() -> None:
    assert registry.get("analysis-worker") is AnalysisWorker
    assert registry.get("job-results") is JobResults
    assert AnalysisWorker.unfinished == 100
    assert JobResults.topics() == ["analysis.result"]
