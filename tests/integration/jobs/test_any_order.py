"""A job under every order of what can happen to it, good and bad, with all that comes late or twice."""

from datetime import timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pytest_django import Settings

from heimdall_project.accounts.models import User
from heimdall_project.errors import Conflict
from heimdall_project.streams.models import OutboxMessage
from heimdall_project.streams.publish_hooks import Published
from jobs.models import AnalysisAttempt, AnalysisJob, JobTransition
from jobs.services import (
    Claimed,
    Hop,
    attempt_claim,
    attempt_finish,
    attempts_wanted,
    job_cancel,
    job_redrive,
    jobs_mark_published,
    jobs_sweep,
    leases_renew,
    result_apply,
)
from jobs.states import MAY_BECOME, REDRIVABLE, Outcome, Status
from tests.factories import make_answer, make_job
from tests.people import People

KINDS = st.sampled_from(["", "timeout", "bad_output"])
WORKERS = st.sampled_from(["host:1", "host:2"])
WHICH = st.integers(min_value=0, max_value=9)
"""Any of the requests that the job has had: the latest, or one that was left behind."""


class JobLife(RuleBasedStateMachine):
    """Whatever happens: moves follow the table, only a redrive leaves an end, one attempt is open at most."""

    def __init__(self) -> None:
        super().__init__()
        self.job = make_job(User.objects.create_user(f"life-{uuid4()}"))
        self.actor = User.objects.get(username="omar")
        self.claims: list[Claimed] = []
        self.recorded: dict[UUID, int] = {}
        self.end: tuple[object, ...] | None = None
        self.offset = 0

    def teardown(self) -> None:
        """Leave nothing for the sweeper of the next life."""
        AnalysisAttempt.objects.filter(job=self.job, finished_at=None).update(
            finished_at=timezone.now(), outcome=Outcome.CANCELLED, lease_expires_at=None, due_at=None
        )

    # --- helpers

    def hop(self) -> Hop:
        self.offset += 1
        return Hop("analysis.result", 0, self.offset)

    def now(self) -> AnalysisJob:
        return AnalysisJob.objects.get(pk=self.job.pk)

    def request(self, which: int) -> UUID:
        known = AnalysisAttempt.objects.filter(job=self.job).order_by("-number")
        requests: list[UUID] = list(known.values_list("request_id", flat=True))
        return requests[which % len(requests)]

    # --- what happens in good order

    @rule(which=WHICH)
    def the_relay_marks(self, which: int) -> None:
        request_id = str(self.request(which))
        if OutboxMessage.objects.filter(event_id=request_id).exists():
            row = Published(request_id, "analysis.request", "1", 0, 1, timezone.now())
            jobs_mark_published(published=[row])

    @rule(worker=WORKERS, which=WHICH)
    def a_worker_claims(self, worker: str, which: int) -> None:
        request_id = self.request(which)
        if not OutboxMessage.objects.filter(event_id=str(request_id)).exists():
            return
        claim = attempt_claim(request_id=request_id, worker=worker, hop=self.hop())
        if isinstance(claim, Claimed):
            assert request_id == self.now().request_id and request_id not in self.recorded
            self.claims.append(claim)

    @precondition(lambda self: self.claims)
    @rule(failure=KINDS, which=WHICH)
    def a_worker_finishes(self, failure: str, which: int) -> None:
        attempt = self.claims[which % len(self.claims)].attempt
        before = self.now()
        answer = make_answer(attempt.request_id, failure=failure)
        if attempt_finish(attempt=attempt, answer=answer, worker="host"):
            self.recorded[attempt.request_id] = self.recorded.get(attempt.request_id, 0) + 1
            assert before.request_id == attempt.request_id and not Status(before.status).is_terminal

    @rule(failure=KINDS, which=WHICH)
    def a_result_comes(self, failure: str, which: int) -> None:
        request_id = self.request(which)
        before = self.now()
        result_apply(event=make_answer(request_id, failure=failure), hop=self.hop())
        if request_id != before.request_id:
            assert self.now().status == before.status

    @rule(failure=KINDS)
    def a_result_for_nobody_comes(self, failure: str) -> None:
        result_apply(event=make_answer(UUID(int=1), failure=failure), hop=self.hop())

    # --- time, and those who look after it

    @rule(worker=WORKERS)
    def a_worker_renews(self, worker: str) -> None:
        ids = list(AnalysisAttempt.objects.filter(job=self.job).values_list("request_id", flat=True))
        wanted = leases_renew(request_ids=ids, worker=worker)
        assert wanted <= {self.now().request_id}
        assert wanted == attempts_wanted(request_ids=ids, worker=worker)

    @rule()
    def a_lease_runs_out(self) -> None:
        claimed = AnalysisAttempt.objects.filter(job=self.job, finished_at=None)
        past = timezone.now() - timedelta(seconds=1)
        claimed.filter(lease_expires_at__isnull=False).update(lease_expires_at=past)

    @rule()
    def a_retry_comes_due(self) -> None:
        past = timezone.now() - timedelta(seconds=1)
        AnalysisAttempt.objects.filter(job=self.job, due_at__isnull=False).update(due_at=past)

    @rule()
    def the_queue_takes_too_long(self) -> None:
        long_ago = timezone.now() - timedelta(seconds=django_settings.JOB_QUEUE_DEADLINE + 1)
        AnalysisAttempt.objects.filter(job=self.job).update(created_at=long_ago)

    @rule()
    def the_sweeper_comes(self) -> None:
        jobs_sweep()

    # --- what people do

    @rule()
    def a_person_cancels(self) -> None:
        ended_otherwise = self.now().status in {Status.SUCCEEDED, Status.FAILED}
        try:
            job_cancel(job_id=self.job.pk, actor=self.actor, reason="enough")
        except Conflict:
            assert ended_otherwise
        else:
            assert self.now().status == Status.CANCELLED

    @rule(redrive_id=st.sampled_from(["", "a", "b"]))
    def a_person_redrives(self, redrive_id: str) -> None:
        before = self.now()
        name = redrive_id and f"{redrive_id}-{self.job.pk}"
        known = AnalysisAttempt.objects.filter(job=self.job).count()
        try:
            again = job_redrive(job_id=self.job.pk, actor=self.actor, reason="once more", redrive_id=name)
        except Conflict:
            assert before.status not in REDRIVABLE
            return
        assert AnalysisAttempt.objects.filter(job=self.job).count() == known + (not again.replayed)
        if not again.replayed:
            assert before.status in REDRIVABLE
            self.end = None

    # --- what always holds

    @invariant()
    def each_outcome_is_recorded_once(self) -> None:
        assert all(times == 1 for times in self.recorded.values())

    @invariant()
    def an_end_stays_until_a_redrive(self) -> None:
        job = self.now()
        state = (job.status, job.result, job.failure_class, job.finished_at, job.request_id)
        if self.end:
            assert state == self.end
        elif Status(job.status).is_terminal:
            self.end = state

    @invariant()
    def one_attempt_is_open_at_most_and_it_is_the_current_one(self) -> None:
        job = self.now()
        attempts = AnalysisAttempt.objects.filter(job=job).order_by("number")
        assert [each.number for each in attempts] == list(range(1, len(attempts) + 1))
        assert attempts[len(attempts) - 1].request_id == job.request_id
        opened = [each for each in attempts if not each.outcome]
        assert len(opened) <= 1 and all(each.request_id == job.request_id for each in opened)
        assert not (opened and Status(job.status).is_terminal)

    @invariant()
    def an_open_job_has_an_attempt_that_works_or_an_answer_on_its_way(self) -> None:
        job = self.now()
        current = AnalysisAttempt.objects.get(request_id=job.request_id)
        if not Status(job.status).is_terminal:
            assert not current.outcome or current.answer
            asked = OutboxMessage.objects.filter(event_id=str(job.request_id)).exists()
            assert asked or current.due_at

    @invariant()
    def the_timeline_follows_the_table(self) -> None:
        lines = list(JobTransition.objects.filter(job=self.job).order_by("id"))
        assert all(line.from_status == before.to_status for before, line in pairwise(lines))
        assert lines[-1].to_status == self.now().status
        for line in (each for each in lines if each.from_status and each.moved):
            before, after = Status(line.from_status), Status(line.to_status)
            if line.event == "redriven":
                assert (before in REDRIVABLE, after) == (True, Status.PENDING)
            else:
                assert after in MAY_BECOME[before]


@pytest.mark.django_db
def test_terminal_is_terminal_in_any_order(people: People, settings: Settings) -> None:
    assert people.omar
    settings.JOB_LEASE = settings.JOB_RETRY_BACKOFF = 3600.0  # time passes only where a rule says so
    run_state_machine_as_test(
        JobLife,
        settings=effort(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
