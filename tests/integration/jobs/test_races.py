"""Two who act on the same job in the same moment, in sessions of their own: one of them wins, wholly."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from django.db import connection

from heimdall_project.errors import Conflict
from jobs.models import AnalysisAttempt, AnalysisJob, JobTransition
from jobs.services import (
    Applied,
    Hop,
    attempt_finish,
    job_cancel,
    job_redrive,
    leases_sweep,
    result_apply,
)
from jobs.states import Status
from tests.factories import make_answer, make_claim, make_job
from tests.integration.jobs.test_sweeper import lapse, now
from tests.people import People

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = 15


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Each act in a thread of its own, begun together; answers what came of them, a Conflict as such."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        connection.ensure_connection()
        barrier.wait()
        try:
            return act()
        except Conflict as conflict:
            return conflict
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def assert_ended_once(job: AnalysisJob) -> None:
    lines = JobTransition.objects.filter(job=job).order_by("id")
    ends = [line for line in lines if line.moved and Status(line.to_status).is_terminal]
    assert [line.to_status for line in ends] == [now(job).status]


def hop(number: int) -> Hop:
    return Hop("analysis.result", 0, number)


def test_a_cancel_and_a_result(people: People) -> None:
    for number in range(TIMES):
        job = make_job(people.eve)
        answer = make_answer(job.request_id)
        cancelled, applied = at_once(
            partial(job_cancel, job_id=job.pk, actor=people.omar, reason="enough"),
            partial(result_apply, event=answer, hop=hop(number)),
        )
        won = now(job).status
        assert (isinstance(cancelled, Conflict), applied) == (
            (True, Applied.ENDED_JOB) if won == "SUCCEEDED" else (False, Applied.LATE)
        )
        assert_ended_once(job)


def test_a_cancel_and_an_outcome(people: People) -> None:
    for _ in range(TIMES):
        job = make_job(people.eve)
        attempt = make_claim(job)
        _, stored = at_once(
            partial(job_cancel, job_id=job.pk, actor=people.omar, reason="enough"),
            partial(attempt_finish, attempt=attempt, answer=make_answer(job.request_id), worker="host:1"),
        )
        assert now(job).status == "CANCELLED"
        attempt.refresh_from_db()
        assert attempt.outcome == ("succeeded" if stored else "cancelled")


def test_a_sweep_and_an_outcome() -> None:
    for _ in range(TIMES):
        job = make_job()
        attempt = make_claim(job)
        lapse(job)
        _, stored = at_once(
            leases_sweep,
            partial(attempt_finish, attempt=attempt, answer=make_answer(job.request_id), worker="host:1"),
        )
        attempts = AnalysisAttempt.objects.filter(job=job)
        assert [each.outcome for each in attempts] == (["succeeded"] if stored else ["lapsed", ""])
        assert now(job).status == ("RUNNING" if stored else "PENDING")


def test_a_redrive_and_a_late_result_of_the_attempt_before(people: People) -> None:
    for number in range(TIMES):
        job = make_job(people.eve)
        first = job.request_id
        result_apply(event=make_answer(first, failure="model_unavailable"), hop=hop(2 * number))
        _, applied = at_once(
            partial(job_redrive, job_id=job.pk, actor=people.omar, reason="again"),
            partial(result_apply, event=make_answer(first), hop=hop(2 * number + 1)),
        )
        assert applied is Applied.LATE
        assert (now(job).status, now(job).result) == ("PENDING", None)


def test_a_redrive_and_a_cancel(people: People) -> None:
    for number in range(TIMES):
        job = make_job(people.eve)
        result_apply(event=make_answer(job.request_id, failure="budget"), hop=hop(number))
        _, cancelled = at_once(
            partial(job_redrive, job_id=job.pk, actor=people.omar, reason="again"),
            partial(job_cancel, job_id=job.pk, actor=people.omar, reason="enough"),
        )
        assert now(job).status == ("PENDING" if isinstance(cancelled, Conflict) else "CANCELLED")
        opened = AnalysisAttempt.objects.filter(job=job, outcome="").count()
        assert opened == (1 if isinstance(cancelled, Conflict) else 0)
