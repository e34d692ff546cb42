"""Counts and throughput: right, bounded, and through indexes."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.models import AnalysisJob
from jobs.selectors import figures, job_counts, job_throughput
from jobs.services import Hop, LogDraft, result_apply
from tests.factories import LOG, make_answer, make_claim, make_job
from tests.people import People

from .crowd import explained, make_crowd

pytestmark = pytest.mark.django_db
HOP = Hop("analysis.result", 0, 1)
HOUR = timedelta(hours=1)


def hour_ago() -> Any:
    return timezone.now() - HOUR


def test_jobs_are_counted_by_state_failure_class_and_service(people: People) -> None:
    make_claim(make_job(people.eve))
    failed = make_job(people.eve, log=LogDraft(content=LOG, service_name="payments", environment="test"))
    result_apply(event=make_answer(failed.request_id, failure="no_evidence"), hop=HOP)
    make_job(people.omar)
    counts = job_counts(user=people.vera, since=hour_ago())
    assert counts.total == 3 and counts.complete
    assert {name: number for name, number in counts.by_status.items() if number} == {
        "PENDING": 1,
        "RUNNING": 1,
        "FAILED": 1,
    }
    assert counts.by_failure_class == {"no_evidence": 1}
    assert list(counts.by_service.items()) == [("orders", 2), ("payments", 1)]


def test_only_what_a_user_may_see_is_counted(people: People) -> None:
    mine = make_job(people.eve)
    make_job(people.omar)
    counts = job_counts(user=people.eve, since=hour_ago())
    assert (counts.total, counts.open["PENDING"], counts.oldest_open_at) == (1, 1, mine.created_at)


def test_open_jobs_are_counted_however_old_they_are(people: People) -> None:
    old = make_job(people.eve)
    AnalysisJob.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=3))
    counts = job_counts(user=people.vera, since=hour_ago())
    assert counts.total == 0 and counts.open == {"PENDING": 1, "QUEUED": 0, "RUNNING": 0}


def test_beyond_the_bound_only_the_newest_are_counted(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "MOST", 5)
    for _ in range(6):
        make_job(people.eve)
    counts = job_counts(user=people.vera, since=hour_ago())
    assert (counts.total, counts.complete, counts.open["PENDING"]) == (5, False, 5)


def test_throughput_is_told_by_the_minute_with_its_latencies(people: People) -> None:
    now = timezone.now()
    for seconds in (1, 2, 3):
        job = make_job(people.eve)
        result_apply(event=make_answer(job.request_id), hop=HOP)
        at = now - timedelta(minutes=2, seconds=seconds)
        AnalysisJob.objects.filter(pk=job.pk).update(
            created_at=at, finished_at=at + timedelta(seconds=seconds)
        )
    points = job_throughput(user=people.vera, since=hour_ago(), until=now)
    assert 60 <= len(points) <= 61 and all(b.at - a.at == figures.MINUTE for a, b in pairwise(points))
    assert sum(point.submitted for point in points) == sum(point.succeeded for point in points) == 3
    [busy] = [point for point in points if point.succeeded]
    assert busy.p50_seconds == pytest.approx(2) and busy.p95_seconds == pytest.approx(2.9)
    assert points[0].p50_seconds is None


def test_steps_without_end_are_refused(people: People) -> None:
    with pytest.raises(ValueError, match="too many steps"):
        job_throughput(user=people.vera, since=timezone.now() - timedelta(days=30))


def test_no_figure_reads_the_whole_table(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "MOST", 500)
    make_crowd(people.eve, jobs=20_000)
    for user in (people.vera, people.eve):
        with CaptureQueriesContext(connection) as asked:
            job_counts(user=user, since=timezone.now() - timedelta(days=1))
            job_throughput(user=user, since=hour_ago())
        figured = [query["sql"] for query in asked if "analysis_jobs" in query["sql"]]
        assert len(figured) == 4
        for statement in figured:
            plan = explained(statement)
            assert "Seq Scan on analysis_jobs" not in plan and "Seq Scan on log_entries" not in plan, plan
