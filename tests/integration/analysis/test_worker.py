"""The worker: its handler called with deliveries, on PostgreSQL."""

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest
from django.conf import settings as django_settings

from analysis.analyzer import Analysis, AnalysisInput, Evidence, Wanted, always
from analysis.consumers import AnalysisWorker
from analysis.models import OutsideAnalysis
from heimdall_project.errors import RetriesExhausted, TransientError
from heimdall_project.events.codec import encode
from heimdall_project.events.jobs import AnalysisCompleted, AnalysisRequested, Severity
from heimdall_project.streams.consumer import Batch, Delivery
from heimdall_project.streams.outcomes import DUPLICATE, STORED, Rule, dropped
from heimdall_project.streams.records import Record
from jobs.consumers import JobResults
from jobs.models import AnalysisAttempt, AnalysisJob, LogEntry
from jobs.services import Hop, attempt_finish, result_apply
from tests.factories import deliver, make_answer, make_job, make_outside_request, outbox_events

pytestmark = pytest.mark.django_db


class Scripted:
    """An analyzer that does what it is told, and remembers what it was given."""

    engine, engine_version = "scripted", "7"

    def __init__(self, act: Callable[[AnalysisInput], Analysis] | None = None) -> None:
        self.act = act or (lambda given: analysis())
        self.seen: list[AnalysisInput] = []

    def analyze(self, given: AnalysisInput, wanted: Wanted = always) -> Analysis:
        self.seen.append(given)
        return self.act(given)


def analysis(*evidence: Evidence) -> Analysis:
    return Analysis(
        summary="The pool is exhausted",
        root_cause="All connections are in use",
        recommendation="Look for long transactions",
        severity=Severity.HIGH,
        confidence=0.9,
        component="HikariPool",
        evidence=evidence,
        engine="scripted",
        engine_version="7",
    )


def raising(error: Exception) -> Callable[[AnalysisInput], Analysis]:
    def act(_: AnalysisInput) -> Analysis:
        raise error

    return act


def request_of(job: AnalysisJob) -> Delivery[AnalysisRequested]:
    [event] = [each for each in outbox_events(AnalysisRequested) if each.request_id == job.request_id]
    return deliver(event, topic="analysis.request")


def answers() -> list[AnalysisCompleted]:
    return outbox_events(AnalysisCompleted, "analysis.result")


def test_a_job_is_analysed_and_answered() -> None:
    job = make_job(correlation_id="corr-1")
    assert AnalysisWorker(Scripted()).handle(request_of(job)) is STORED
    [answer] = answers()
    attempt = AnalysisAttempt.objects.get()
    assert (answer.request_id, answer.log_id, answer.correlation_id) == (
        job.request_id,
        job.log_entry_id,
        "corr-1",
    )
    assert (answer.bifrost_analysis_id, answer.model) == (attempt.pk, "scripted/7")
    assert answer.analysis_result and answer.analysis_result.component == "HikariPool"


def test_the_log_comes_from_postgresql_and_not_from_the_event() -> None:
    job = make_job()
    delivery = request_of(job)
    LogEntry.objects.update(content="the whole log")
    analyzer = Scripted()
    AnalysisWorker(analyzer).handle(delivery)
    assert analyzer.seen[0].log_content == "the whole log"


def test_what_is_answered_already_is_answered_again_and_not_analysed_again() -> None:
    job = make_job()
    delivery, analyzer = request_of(job), Scripted()
    worker = AnalysisWorker(analyzer)
    assert [worker.handle(delivery), worker.handle(delivery)] == [STORED, DUPLICATE]
    assert len(analyzer.seen) == 1
    assert answers()[0] == answers()[1]


def test_a_job_that_has_ended_is_not_analysed() -> None:
    job, analyzer = make_job(), Scripted()
    delivery = request_of(job)
    result_apply(event=make_answer(job.request_id), hop=Hop("analysis.result", 0, 1))
    assert AnalysisWorker(analyzer).handle(delivery) == dropped(Rule.LATE)
    assert not analyzer.seen


def test_an_outcome_that_another_worker_stored_meanwhile_stands() -> None:
    job = make_job()

    def overtaken(_: AnalysisInput) -> Analysis:
        attempt = AnalysisAttempt.objects.select_related("job").get()
        attempt_finish(attempt=attempt, answer=make_answer(job.request_id), worker="faster")
        return analysis()

    assert AnalysisWorker(Scripted(overtaken)).handle(request_of(job)) is DUPLICATE
    assert [answer.model for answer in answers()] == ["test"]


def test_a_citation_of_what_the_log_does_not_say_fails_the_job() -> None:
    made_up = Scripted(lambda given: analysis(Evidence(99, "made up", "proof")))
    AnalysisWorker(made_up).handle(request_of(make_job()))
    [answer] = answers()
    assert answer.failure and answer.failure.failure_class == "bad_output"


def test_an_empty_log_has_no_evidence() -> None:
    AnalysisWorker(Scripted()).handle(deliver(make_outside_request(log_content=" \n")))
    [answer] = answers()
    assert answer.failure and answer.failure.failure_class == "no_evidence"


def test_an_answer_that_no_record_can_carry_fails_the_job() -> None:
    endless = Scripted(lambda given: replace(analysis(), summary="y" * 2_000_000))
    assert AnalysisWorker(endless).handle(request_of(make_job())) is STORED
    [answer] = answers()
    assert answer.failure and answer.failure.failure_class == "bad_output"


def test_a_broken_analysis_is_tried_again_a_bounded_number_of_times_and_then_fails_the_job() -> None:
    job = make_job()
    delivery, worker = request_of(job), AnalysisWorker(Scripted(raising(KeyError("password=hunter2"))))
    for _ in range(django_settings.JOB_ATTEMPTS - 1):
        with pytest.raises(KeyError):
            worker.handle(delivery)
    with pytest.raises(RetriesExhausted):
        worker.handle(delivery)
    [answer] = answers()
    assert answer.failure and answer.failure.failure_class == "unexpected"
    assert "hunter2" not in answer.failure.message


def test_a_dependency_that_is_down_costs_no_try() -> None:
    worker = AnalysisWorker(Scripted(raising(TransientError("model"))))
    delivery = request_of(make_job())
    for _ in range(5):
        with pytest.raises(TransientError):
            worker.handle(delivery)
    assert AnalysisAttempt.objects.get().tries == 0


# --- outside producers


def test_an_outside_request_is_answered_without_a_job() -> None:
    event = make_outside_request(log_id=12345, correlation_id="corr-123456")
    assert AnalysisWorker(Scripted()).handle(deliver(event)) is STORED
    [answer] = answers()
    row = OutsideAnalysis.objects.get()
    assert (answer.request_id, answer.log_id, answer.correlation_id) == (
        event.request_id,
        12345,
        "corr-123456",
    )
    assert answer.bifrost_analysis_id == row.pk
    assert not AnalysisJob.objects.exists()


def test_an_outside_request_that_comes_again_gets_the_stored_answer() -> None:
    event, analyzer = make_outside_request(), Scripted()
    worker = AnalysisWorker(analyzer)
    assert [worker.handle(deliver(event)), worker.handle(deliver(event))] == [STORED, DUPLICATE]
    assert len(analyzer.seen) == 1 and answers()[0] == answers()[1]


def test_a_log_of_ours_with_the_same_number_stays_private() -> None:
    ours = make_job().log_entry
    analyzer = Scripted()
    AnalysisWorker(analyzer).handle(deliver(make_outside_request(log_id=ours.pk, log_content="theirs")))
    assert analyzer.seen[0].log_content == "theirs"


@pytest.mark.parametrize("topic", ["analysis.request", "dlq.failed", "nowhere", ""])
def test_a_callback_topic_that_takes_no_results_is_answered_where_results_go(topic: str) -> None:
    analyzer = Scripted()
    assert AnalysisWorker(analyzer).handle(deliver(make_outside_request(callback_topic=topic))) is STORED
    [answer] = answers()
    assert answer.failure and answer.failure.failure_class == "invalid_request"
    assert not analyzer.seen


def test_text_that_postgresql_cannot_hold_is_made_fit() -> None:
    event = make_outside_request(log_content="ERROR a\0b", service_name="s\0" * 300)
    cite = Scripted(lambda given: analysis(Evidence(1, given.log_content, "it")))
    assert AnalysisWorker(cite).handle(deliver(event)) is STORED
    assert OutsideAnalysis.objects.get().service_name == "s" * 200


def test_numbers_of_analyses_never_meet() -> None:
    worker = AnalysisWorker(Scripted())
    for _ in range(3):
        worker.handle(request_of(make_job()))
        worker.handle(deliver(make_outside_request()))
    numbers = [answer.bifrost_analysis_id for answer in answers()]
    assert len(set(numbers)) == 6


# --- urgency


@pytest.mark.parametrize(("priority", "rank"), [("LOW", 0), ("NORMAL", 1), ("HIGH", 2), ("CRITICAL", 3)])
def test_urgency_is_the_priority(priority: str, rank: int) -> None:
    event = make_outside_request(
        priority=priority, log_content='"priority": "LOW" and \\"priority\\":\\"LOW\\"'
    )
    record = Record("analysis.request", 0, 1, 0, b"1", encode(event))
    assert AnalysisWorker(Scripted()).urgency(record) == rank


@pytest.mark.parametrize(
    "value", [None, b"", b"\xff", b'{"priority": 7}', b'{"priority":"SOON"}', b'"priority"']
)
def test_what_has_no_priority_is_normal(value: bytes | None) -> None:
    assert AnalysisWorker(Scripted()).urgency(Record("analysis.request", 0, 1, 0, None, value)) == 1


def test_a_result_for_nobody_is_foreign() -> None:
    answer, record = make_answer(uuid4()), deliver(make_answer(uuid4())).record
    batch = Batch(record.place, [record], [answer])
    JobResults().handle(batch)
    assert batch.verdicts == {record.offset: dropped(Rule.FOREIGN)}
