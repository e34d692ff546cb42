"""The sweeper asks every second, so its questions must not read tables that grow."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from jobs.models import AnalysisAttempt, AnalysisJob, JobTransition
from jobs.services.purging import _old_keys, _old_lines
from jobs.services.sweeping import leases_over, retries_due, unclaimed_for
from tests.factories import make_job

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_scan_of_whole_tables() -> None:
    """A small table is read whole whatever its indexes are."""
    with connection.cursor() as sql:
        sql.execute("SET LOCAL enable_seqscan = off")


@pytest.mark.parametrize(
    ("question", "order", "index"),
    [
        (leases_over(), "lease_expires_at", "attempt_leased"),
        (retries_due(), "due_at", "attempt_due"),
        (unclaimed_for(timedelta(days=1)), "created_at", "attempt_unclaimed"),
    ],
)
def test_a_sweep_finds_its_attempts_by_their_own_index(question: Q, order: str, index: str) -> None:
    found = AnalysisAttempt.objects.filter(question).order_by(order).values_list("job_id")[:100]
    assert index in found.explain()


def test_a_purge_reads_neither_all_old_jobs_nor_all_lines() -> None:
    job = make_job()
    ended = timezone.now() - timedelta(days=200)
    AnalysisJob.objects.bulk_create(
        AnalysisJob(
            owner=job.owner,
            log_entry=job.log_entry,
            request_id=uuid4(),
            status="FAILED",
            failure_class="budget",
            created_at=ended,
            finished_at=ended,
        )
        for _ in range(3000)
    )
    JobTransition.objects.bulk_create(
        JobTransition(job=job, event="x", to_status="PENDING", actor="x") for _ in range(3000)
    )
    with connection.cursor() as sql:
        sql.execute("ANALYZE analysis_jobs, job_transitions")
    assert "job_with_key" in _old_keys().values_list("pk")[:1000].explain()
    assert "transition_by_age" in _old_lines().values_list("pk")[:1000].explain()
