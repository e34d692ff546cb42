"""What is deleted when it is older than its retention, and what never is."""

from datetime import timedelta
from io import StringIO
from threading import Event as Flag
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from analysis.models import OutsideAnalysis
from heimdall_project.accounts.models import User
from jobs.consumers import JobSweeper
from jobs.models import AnalysisJob, JobTransition
from jobs.services import Hop, JobRequest, LogDraft, job_submit, purge, purgeable, result_apply
from tests.factories import LOG, make_answer, make_job, make_user

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(seconds=settings.JOB_RETENTION + 60)
KINDS = {"idempotency_keys", "timeline_lines", "outside_analyses"}


def ended(*, age: timedelta = LONG_AGO, key: str = "", owner: User | None = None) -> AnalysisJob:
    """A job that was made and ended so long ago."""
    request = JobRequest(log=LogDraft(content=LOG, service_name="orders", environment="production"))
    job = job_submit(owner=owner or make_user(), request=request, idempotency_key=key, body_hash="x").job
    result_apply(event=make_answer(job.request_id), hop=Hop("analysis.result", 0, job.pk))
    then = timezone.now() - age
    AnalysisJob.objects.filter(pk=job.pk).update(created_at=then, finished_at=then)
    rewrite(job, at=then)
    return job


def rewrite(job: AnalysisJob, **columns: Any) -> None:
    """What only a test may do to a timeline."""
    table = JobTransition._meta.db_table
    with connection.cursor() as sql:
        sql.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what is still to be checked would keep the table
        sql.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        JobTransition.objects.filter(job=job).update(**columns)
        sql.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def outside(age: timedelta) -> OutsideAnalysis:

    return OutsideAnalysis.objects.create(
        request_id=uuid4(),
        log_id=1,
        service_name="s",
        environment="e",
        worker="w",
        finished_at=timezone.now() - age,
        answer={},
    )


def test_the_timeline_of_a_job_that_ended_long_ago_goes_and_the_job_stays() -> None:
    old, young = ended(), ended(age=timedelta(days=1))
    assert purge()["timeline_lines"] == 2
    assert not JobTransition.objects.filter(job=old).exists()
    assert JobTransition.objects.filter(job=young).count() == 2
    assert AnalysisJob.objects.count() == 2


def test_open_jobs_are_never_touched_however_old() -> None:
    job = make_job()
    long_ago = timezone.now() - LONG_AGO
    AnalysisJob.objects.filter(pk=job.pk).update(created_at=long_ago, idempotency_key="key")
    rewrite(job, at=long_ago)
    assert purge() == dict.fromkeys(KINDS, 0)
    job.refresh_from_db()
    assert job.idempotency_key == "key"


def test_a_job_that_took_long_and_ended_lately_keeps_its_timeline() -> None:
    job = ended(age=timedelta(days=1))
    rewrite(job, at=timezone.now() - LONG_AGO)
    assert purge()["timeline_lines"] == 0
    assert JobTransition.objects.filter(job=job).count() == 2


def test_a_key_that_is_older_than_its_retention_is_forgotten() -> None:
    young = timedelta(seconds=settings.IDEMPOTENCY_RETENTION - 60)
    old = ended(age=timedelta(seconds=settings.IDEMPOTENCY_RETENTION + 60), key="old")
    kept = ended(age=young, key="kept")
    assert purge()["idempotency_keys"] == 1
    assert not AnalysisJob.objects.get(pk=old.pk).idempotency_key
    assert AnalysisJob.objects.get(pk=kept.pk).idempotency_key == "kept"


def test_outcomes_of_outside_requests_go_too() -> None:
    outside(LONG_AGO)
    young = outside(timedelta(days=1))
    assert purge()["outside_analyses"] == 1
    assert OutsideAnalysis.objects.get() == young


def test_a_purge_is_bounded() -> None:
    for _ in range(3):
        ended()
    assert [purge(rows=4)["timeline_lines"] for _ in range(3)] == [4, 2, 0]


def test_nobody_else_may_take_lines_of_a_timeline_away() -> None:
    job = ended()
    for act in ("DELETE FROM job_transitions", "UPDATE job_transitions SET note = 'x'"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            _sql(act)
    assert JobTransition.objects.filter(job=job).count() == 2


def test_not_even_a_purge_may_take_lines_of_an_open_job() -> None:
    make_job()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        _sql("SET LOCAL heimdall.purging = 'job_transitions'")
        _sql("DELETE FROM job_transitions")


def test_the_permission_to_purge_ends_with_the_purge() -> None:
    ended()
    purge()
    ended()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        _sql("DELETE FROM job_transitions")


def _sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_command_looks_first_and_then_deletes_all() -> None:
    for _ in range(2):
        ended(key="k")
    outside(LONG_AGO)
    looked, done = StringIO(), StringIO()
    call_command("purge_jobs", "--dry-run", stdout=looked)
    assert "4 timeline_lines would be deleted." in looked.getvalue()
    assert purgeable() == {"idempotency_keys": 2, "timeline_lines": 4, "outside_analyses": 1}
    call_command("purge_jobs", stdout=done)
    assert "4 timeline_lines deleted." in done.getvalue()
    assert purgeable() == dict.fromkeys(KINDS, 0)


def test_the_sweeper_purges_by_the_way_in_bounded_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        ended()
    monkeypatch.setattr("jobs.consumers.PURGE_ROWS", 3)
    monkeypatch.setattr("jobs.consumers.purge", lambda: purge(rows=3))
    monkeypatch.setattr(JobSweeper, "interval", 0.0)
    sweeper = JobSweeper()
    assert [sweeper.step(Flag()) for _ in range(3)] == [False] * 3
    assert not JobTransition.objects.exists()
    ended()
    sweeper.step(Flag())
    assert JobTransition.objects.count() == 2  # not before `purge_every` is over
