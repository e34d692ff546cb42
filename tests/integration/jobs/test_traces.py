"""Everything that happens to a job is in its trace: attempts begun later, results that come together."""

from datetime import timedelta

import pytest
from django.utils import timezone
from opentelemetry.sdk.trace import ReadableSpan
from structlog.testing import capture_logs

from heimdall_project.accounts.models import User
from heimdall_project.events.codec import encode
from heimdall_project.observability.tracing import traced
from heimdall_project.streams.models import OutboxMessage
from heimdall_project.streams.testing import InMemoryBroker, run_until_idle
from jobs.consumers import JobResults
from jobs.models import AnalysisAttempt, AnalysisJob, JobTransition
from jobs.services import job_cancel, job_redrive, leases_sweep, retries_publish
from tests.factories import make_answer, make_claim, make_job
from tests.spans import Spans, spans

__all__ = ["spans"]

pytestmark = pytest.mark.django_db(transaction=True)
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ID = CALLER[3:35]
OPERATOR = "00-11111111111111111111111111111111-2222222222222222-01"


def traceparent(request_id: object) -> str:
    """What a request's row says."""
    headers = OutboxMessage.objects.values_list("headers", flat=True).get(event_id=str(request_id))
    told: str = headers["traceparent"]
    return told


def place(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-01"


def parent(span: ReadableSpan) -> str:
    return f"{span.parent.span_id:016x}" if span.parent else ""


def lapsed(job: AnalysisJob) -> AnalysisAttempt:
    """The attempt that the sweeper begins after the one of a silent worker."""
    make_claim(job)
    past = timezone.now() - timedelta(hours=1)
    job.attempts.update(lease_expires_at=past)
    assert leases_sweep() == 1
    AnalysisAttempt.objects.filter(job=job, finished_at=None).update(due_at=past)
    assert retries_publish() == 1
    return AnalysisAttempt.objects.get(job=job, number=2)


def ended(job: AnalysisJob) -> AnalysisJob:
    owner = User.objects.get(pk=job.owner_id)
    job_cancel(job_id=job.pk, actor=owner, reason="no longer needed")
    return job


def operator() -> User:
    return User.objects.create_superuser("root", password="")


def test_a_job_that_nobody_traces_has_a_trace_of_its_own() -> None:
    job = make_job()
    assert len(job.trace_id) == 32 and traceparent(job.request_id)[3:35] == job.trace_id
    assert JobTransition.objects.get(job=job).trace_id == job.trace_id


def test_a_retry_stays_in_the_trace_below_the_attempt_before(spans: Spans) -> None:
    with traced(CALLER):
        job = make_job()
    with capture_logs() as lines:
        retry = lapsed(job)
    assert [line["trace_id"] for line in lines if line["action"] == "lease_lapsed"] == [ID]
    first, second = spans.named("begin attempt")
    assert traceparent(retry.request_id) == place(second) != place(first) == traceparent(job.request_id)
    assert parent(second) == place(first)[36:52]
    assert second.attributes == {"number": 2, "origin": "retried"}
    assert set(JobTransition.objects.values_list("trace_id", flat=True)) == {ID}


def test_a_retry_of_a_job_whose_rows_are_purged_stays_in_its_trace_too(spans: Spans) -> None:
    with traced(CALLER):
        job = make_job()
    OutboxMessage.objects.all().delete()
    retry = lapsed(job)
    assert traceparent(retry.request_id)[3:35] == ID
    assert parent(spans.named("begin attempt")[-1]) == ""


def test_where_nothing_is_recorded_a_retry_says_of_its_trace_what_the_caller_said() -> None:
    with traced(CALLER):
        job = make_job()
    assert traceparent(lapsed(job).request_id) == CALLER


def test_a_redrive_is_in_the_trace_of_the_job_and_linked_to_the_request_of_the_operator(spans: Spans) -> None:
    with traced(CALLER):
        job = ended(make_job())
    with traced(OPERATOR, name="request of the operator"):
        redriven = job_redrive(job_id=job.pk, actor=operator(), reason="the model is back")
    [_, again] = spans.named("begin attempt")
    [asked] = spans.named("request of the operator")
    assert traceparent(redriven.attempt.request_id) == place(again) and place(again)[3:35] == ID
    assert [f"{link.context.span_id:016x}" for link in again.links] == [place(asked)[36:52]]
    told = dict(JobTransition.objects.filter(job=job).values_list("event", "trace_id"))
    assert (told["submitted"], told["redriven"]) == (ID, OPERATOR[3:35])


def test_results_that_come_together_have_a_span_each_and_one_that_links_them(spans: Spans) -> None:
    broker, callers = InMemoryBroker(), [CALLER, OPERATOR]
    for caller in callers:
        with traced(caller):
            answer = encode(make_answer(make_job().request_id))
        broker.produce("analysis.result", answer, key=b"1", headers=[("traceparent", caller.encode())])
    broker.produce("analysis.result", encode(make_answer(make_job().request_id)), key=b"1")
    run_until_idle(broker.runner(JobResults()))
    each = spans.named("process analysis.result")
    assert {place(span)[3:35] for span in each} == {caller[3:35] for caller in callers}
    assert {parent(span) for span in each} == {caller[36:52] for caller in callers}
    [batch] = spans.named("process batch analysis.result")
    assert {link.context.span_id for link in batch.links} == {
        span.context.span_id for span in each if span.context
    }
    assert batch.attributes and batch.attributes["messaging.batch.message_count"] == 3
    jobs = AnalysisJob.objects.filter(trace_id__in=[caller[3:35] for caller in callers])
    for job in jobs:
        assert set(job.transitions.values_list("trace_id", flat=True)) == {job.trace_id}
