"""Accepting jobs."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from heimdall_project.accounts.models import User
from heimdall_project.errors import NotFound, Unprocessable
from heimdall_project.events.jobs import AnalysisRequested
from heimdall_project.streams.models import OutboxMessage
from jobs.models import AnalysisAttempt, AnalysisJob, JobTransition, LogEntry
from jobs.services import JobRequest, LogDraft, Submitted, job_submit
from tests.factories import LOG, make_job, make_log, make_user, outbox_events

DRAFT = LogDraft(content=LOG, service_name="orders", environment="production")


@pytest.mark.django_db
def test_a_job_comes_with_log_entry_attempt_timeline_and_event() -> None:
    job = make_job(correlation_id="corr-1")
    message = OutboxMessage.objects.get()
    assert (message.topic, bytes(message.key or b"")) == ("analysis.request", str(job.log_entry_id).encode())
    assert message.headers["schema"] == "analysis.request/1"
    assert message.headers["correlation_id"] == "corr-1"
    assert AnalysisAttempt.objects.get().request_id == job.request_id
    assert [line.event for line in JobTransition.objects.all()] == ["submitted"]


@pytest.mark.django_db
def test_the_event_tells_what_a_worker_needs() -> None:
    job = make_job(language="ko", metadata={"ticket": 1})
    [event] = outbox_events(AnalysisRequested)
    assert (event.request_id, event.log_id, event.log_content) == (job.request_id, job.log_entry_id, LOG)
    assert (event.language, event.metadata) == ("ko", {"ticket": 1})


@pytest.mark.django_db
def test_a_long_log_is_stored_whole_and_cut_in_the_event(settings: Settings) -> None:
    settings.LOG_CONTENT_MAX_BYTES = 1024
    job = make_job(log=LogDraft(content=LOG * 100, service_name="orders", environment="production"))
    [event] = outbox_events(AnalysisRequested)
    assert job.log_entry.content == LOG * 100
    assert "[cut here:" in event.log_content and len(event.log_content) <= 1024


@pytest.mark.django_db
def test_an_own_log_entry_is_used_and_another_owners_is_not_there() -> None:
    owner = make_user()
    entry = make_log(owner)
    assert make_job(owner, log=entry.pk).log_entry == entry
    with pytest.raises(NotFound):
        make_job(make_user(), log=entry.pk)


@pytest.mark.django_db
def test_if_the_event_cannot_be_written_nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> str:
        raise OSError("no")

    monkeypatch.setattr("jobs.services.attempts.outbox.publish_many", refuse)
    with pytest.raises(OSError, match="no"):
        make_job()
    assert not AnalysisJob.objects.exists() and not LogEntry.objects.exists()


def submit(owner: User, key: str = "key", body_hash: str = "hash") -> Submitted:
    return job_submit(owner=owner, request=JobRequest(log=DRAFT), idempotency_key=key, body_hash=body_hash)


@pytest.mark.django_db
def test_the_same_key_gives_the_same_job() -> None:
    owner = make_user()
    first, second = submit(owner), submit(owner)
    assert (second.job, first.replayed, second.replayed) == (first.job, False, True)


@pytest.mark.django_db
def test_a_key_with_another_body_is_refused() -> None:
    owner = make_user()
    submit(owner)
    with pytest.raises(Unprocessable):
        submit(owner, body_hash="other")


@pytest.mark.django_db
def test_a_key_belongs_to_its_owner() -> None:
    assert submit(make_user()).job != submit(make_user()).job


@pytest.mark.django_db
def test_a_key_is_free_again_after_its_retention(settings: Settings) -> None:
    owner = make_user()
    first = submit(owner).job
    long_ago = timezone.now() - timedelta(seconds=settings.IDEMPOTENCY_RETENTION + 1)
    AnalysisJob.objects.update(created_at=long_ago)
    second = submit(owner, body_hash="other")
    assert second.job != first and not second.replayed


@pytest.mark.django_db(transaction=True)
def test_fifty_concurrent_twins_make_one_job() -> None:
    owner, together = make_user(), Barrier(50)

    def twin(_: int) -> Submitted:
        together.wait()
        try:
            return submit(owner)
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as pool:
        results = list(pool.map(twin, range(50)))
    assert len({result.job.pk for result in results}) == 1
    assert [result.replayed for result in results].count(False) == 1
    counts = [model.objects.count() for model in (AnalysisJob, LogEntry, JobTransition, OutboxMessage)]
    assert counts == [1, 1, 1, 1]


@pytest.mark.django_db(transaction=True)
def test_a_twin_of_a_job_that_was_rolled_back_makes_its_own() -> None:
    owner = make_user()
    with pytest.raises(OSError), transaction.atomic():
        submit(owner)
        raise OSError
    assert not submit(owner).replayed
