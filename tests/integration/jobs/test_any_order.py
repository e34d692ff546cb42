"""A job under every order of publishing, claiming, crashing, answering and repeating."""

from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from heimdall_project.streams.publish_hooks import Published
from jobs.models import AnalysisJob, JobTransition
from jobs.services import Claimed, Hop, attempt_claim, attempt_finish, jobs_mark_published, result_apply
from jobs.states import MAY_BECOME, Status
from tests.factories import make_answer, make_job, make_user

KINDS = st.sampled_from(["", "timeout", "bad_output"])


class JobLife(RuleBasedStateMachine):
    """Whatever happens: moves follow the table, an end stays, and at most one outcome is recorded."""

    def __init__(self) -> None:
        super().__init__()
        self.job = make_job(make_user(f"life-{uuid4()}"))
        self.claims: list[Claimed] = []
        self.recorded = 0
        self.end: tuple[object, ...] | None = None
        self.offset = 0

    def hop(self) -> Hop:
        self.offset += 1
        return Hop("analysis.result", 0, self.offset)

    @rule()
    def the_relay_marks(self) -> None:
        row = Published(str(self.job.request_id), "analysis.request", "1", 0, 1, timezone.now())
        jobs_mark_published(published=[row])

    @rule(worker=st.sampled_from(["host:1", "host:2"]))
    def a_worker_claims(self, worker: str) -> None:
        claim = attempt_claim(request_id=self.job.request_id, worker=worker, hop=self.hop())
        if isinstance(claim, Claimed):
            assert self.recorded == 0
            self.claims.append(claim)

    @precondition(lambda self: self.claims)
    @rule(failure=KINDS)
    def a_worker_finishes(self, failure: str) -> None:
        answer = make_answer(self.job.request_id, failure=failure)
        self.recorded += attempt_finish(attempt=self.claims[-1].attempt, answer=answer, worker="host")

    @rule(failure=KINDS, request_id=st.sampled_from([None, UUID(int=1)]))
    def a_result_comes(self, failure: str, request_id: UUID | None) -> None:
        result_apply(event=make_answer(request_id or self.job.request_id, failure=failure), hop=self.hop())

    @invariant()
    def the_outcome_is_recorded_once(self) -> None:
        assert self.recorded <= 1

    @invariant()
    def an_end_stays(self) -> None:
        job = AnalysisJob.objects.get(pk=self.job.pk)
        now = (job.status, job.result, job.failure_class, job.finished_at)
        if self.end:
            assert now == self.end
        elif Status(job.status).is_terminal:
            self.end = now

    @invariant()
    def the_timeline_follows_the_table(self) -> None:
        lines = JobTransition.objects.filter(job=self.job).order_by("id")
        moves = [
            (Status(line.from_status), Status(line.to_status))
            for line in lines
            if line.from_status and line.moved
        ]
        assert all(after in MAY_BECOME[before] for before, after in moves)
        assert sum(after.is_terminal for _, after in moves) == bool(self.end)


@pytest.mark.django_db
def test_terminal_is_terminal_in_any_order() -> None:
    run_state_machine_as_test(
        JobLife,
        settings=settings(
            max_examples=40, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
