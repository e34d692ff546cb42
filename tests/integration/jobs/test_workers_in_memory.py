"""Both workers run by the runtime on a broker in memory."""

import pytest
from django.conf import settings

from analysis.analyzer import Analysis, AnalysisInput, Wanted, always
from analysis.consumers import AnalysisWorker
from analysis.providers.rule_based import RuleBasedAnalyzer
from heimdall_project.errors import TransientError
from heimdall_project.events.codec import encode
from heimdall_project.events.jobs import AnalysisCompleted, AnalysisRequested
from heimdall_project.streams import registry
from heimdall_project.streams.testing import InMemoryBroker, run_until_idle
from jobs.consumers import JobResults
from jobs.models import AnalysisAttempt, AnalysisJob
from jobs.services import LogDraft
from tests.factories import make_answer, make_job, make_outside_request, make_user, outbox_events

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


class Quick(RuleBasedAnalyzer):
    """Breaks on a log that says so."""

    def analyze(self, given: AnalysisInput, wanted: Wanted = always) -> Analysis:
        if "away" in given.log_content:
            raise TransientError("model", "away")
        if "poison" in given.log_content:
            raise RuntimeError("poison")
        return super().analyze(given, wanted)


def test_of_many_requests_handled_together_each_fares_for_itself() -> None:
    broker, owner = InMemoryBroker(), make_user()
    words = ["poison" if n == 5 else "away" if n == 6 else "fine" for n in range(12)]
    jobs = [make_job(owner, log=LogDraft(content=w, service_name="s", environment="e")) for w in words]
    requests = {each.request_id: each for each in outbox_events(AnalysisRequested)}
    for job in [*jobs, jobs[0]]:  # one of them comes twice
        broker.produce("analysis.request", encode(requests[job.request_id]), key=b"1")
    runner = broker.runner(AnalysisWorker(Quick()))
    runner._pace.took(50, 0.0)
    for _ in range(400):
        runner.turn(0.1)
        broker.clock.advance(0.1)
    counted = broker.books.counted(AnalysisWorker.group())
    assert runner._progress.unfinished == 1  # the one whose dependency is away waits, and nothing else
    outcomes = AnalysisAttempt.objects.order_by("id").values_list("outcome", flat=True)
    assert list(outcomes) == ["succeeded"] * 5 + ["failed", ""] + ["succeeded"] * 5
    assert AnalysisAttempt.objects.get(outcome="failed").tries == settings.JOB_ATTEMPTS
    answers = outbox_events(AnalysisCompleted, "analysis.result")
    assert len({each.request_id for each in answers}) == 11 and len(answers) == 12
    assert counted.total() <= 13
    runner.close()
