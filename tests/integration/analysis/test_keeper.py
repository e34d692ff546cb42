"""Claims that are kept while an analysis runs, and given up when nobody waits for it any more."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.utils import timezone

from analysis.analyzer import Analysis, AnalysisInput, GivenUp, Wanted, always
from analysis.providers.rule_based import RuleBasedAnalyzer
from analysis.services import Handled, Handling, Request
from analysis.services import keeper as module
from analysis.services.keeper import PATIENCE, Held, Keeper
from heimdall_project.errors import TransientError
from heimdall_project.events.jobs import AnalysisRequested
from jobs.models import AnalysisAttempt, AnalysisJob
from jobs.services import Hop, LogDraft, attempts_wanted, leases_renew, result_apply
from tests.factories import make_answer, make_claim, make_job, make_user, outbox_events
from tests.probe_workers.harness import eventually

# Not inside a transaction: the keeper closes its connection when nothing is in hand.
pytestmark = pytest.mark.django_db(transaction=True)
WORKER = "host:1"


class Clock:
    """A clock that moves when told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keeper(clock: Clock) -> Keeper:
    return Keeper(WORKER, monotonic=clock)


def claimed(**fields: Any) -> AnalysisAttempt:
    attempt = make_claim(make_job(make_user(f"keeper-{uuid4()}")), WORKER)
    AnalysisAttempt.objects.filter(pk=attempt.pk).update(**fields)
    return attempt


def soon() -> Any:
    return timezone.now() + timedelta(seconds=0.5)


def lease_of(attempt: AnalysisAttempt) -> Any:
    attempt.refresh_from_db()
    return attempt.lease_expires_at


def is_wanted(held: Held) -> bool:
    try:
        held()
    except GivenUp:
        return False
    return True


def test_the_leases_of_everything_in_hand_are_renewed_in_one_statement(
    keeper: Keeper, django_assert_num_queries: Any
) -> None:
    moment = soon()
    attempts = [claimed(lease_expires_at=moment) for _ in range(5)]
    held = [keeper.hold(attempt.request_id) for attempt in attempts]
    with django_assert_num_queries(1):
        keeper.turn()
    assert all(lease_of(attempt) > moment for attempt in attempts)
    assert all(is_wanted(each) for each in held)


def test_nothing_is_asked_while_nothing_is_in_hand(keeper: Keeper, django_assert_num_queries: Any) -> None:
    keeper.let_go(keeper.hold(claimed().request_id))
    with django_assert_num_queries(0):
        keeper.turn()


def test_between_renewals_it_only_looks(keeper: Keeper, clock: Clock) -> None:
    attempt = claimed()
    held = keeper.hold(attempt.request_id)
    keeper.turn()
    before = lease_of(attempt)
    clock.now += 0.1
    keeper.turn()
    assert lease_of(attempt) == before and is_wanted(held)


@pytest.mark.parametrize(
    "change",
    [{"status": "CANCELLED", "finished_at": timezone.now()}, {"request_id": uuid4()}],
    ids=["cancelled", "replaced"],
)
def test_what_nobody_waits_for_is_given_up_between_the_steps_of_the_engine(
    keeper: Keeper, change: dict[str, Any]
) -> None:
    attempt, other = claimed(), claimed()
    held, kept = keeper.hold(attempt.request_id), keeper.hold(other.request_id)
    AnalysisJob.objects.filter(pk=attempt.job_id).update(**change)
    before = lease_of(attempt)
    keeper.turn()
    assert not is_wanted(held) and is_wanted(kept)
    assert lease_of(attempt) == before


def test_what_another_worker_holds_now_is_given_up(keeper: Keeper) -> None:
    attempt = claimed()
    held = keeper.hold(attempt.request_id)
    make_claim(attempt.job, "host:2")
    keeper.turn()
    assert not is_wanted(held)


def test_what_was_answered_by_somebody_else_is_given_up(keeper: Keeper) -> None:
    attempt = claimed()
    held = keeper.hold(attempt.request_id)
    result_apply(event=make_answer(attempt.request_id), hop=Hop("analysis.result", 0, 1))
    keeper.turn()
    assert not is_wanted(held)


def test_a_request_that_waits_for_its_next_try_keeps_its_lease_for_a_bounded_time(
    keeper: Keeper, clock: Clock
) -> None:
    attempt = claimed(lease_expires_at=soon())
    with pytest.raises(TransientError), keeper.holding(attempt.request_id):
        raise TransientError("model")
    keeper.turn()
    renewed = lease_of(attempt)
    assert renewed > soon()
    clock.now += PATIENCE
    keeper.turn()
    assert lease_of(attempt) == renewed


class Fates(RuleBasedAnalyzer):
    """Fares as the log says."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper

    def analyze(self, given: AnalysisInput, wanted: Wanted = always) -> Analysis:
        if given.log_content == "away":
            raise TransientError("model", "away")
        if given.log_content == "bug":
            raise RuntimeError("bug")
        if given.log_content == "cancelled":
            job = AnalysisJob.objects.filter(log_entry__content="cancelled")
            job.update(status="CANCELLED", finished_at=timezone.now())
            self.keeper.turn()
            wanted()
        return super().analyze(given, wanted)


def test_of_what_a_worker_handles_together_it_keeps_what_is_to_be_tried_again(
    keeper: Keeper, clock: Clock
) -> None:
    owner, words = make_user(), ("fine", "away", "bug", "cancelled")
    logs = [LogDraft(content=word, service_name="s", environment="e") for word in words]
    jobs = [make_job(owner, log=log) for log in logs]
    asked = {each.request_id: each for each in outbox_events(AnalysisRequested)}
    requests = [Request(asked[job.request_id], Hop("analysis.request", 0, job.pk)) for job in jobs]
    handling = Handling(worker=WORKER, analyzer=Fates(keeper), keeper=keeper)
    fine, away, bug, cancelled = handling.requests_handle(requests=requests)
    assert isinstance(away, TransientError) and isinstance(bug, RuntimeError)
    assert (fine, cancelled) == (Handled.ANSWERED, Handled.ENDED)
    AnalysisAttempt.objects.filter(finished_at=None).update(lease_expires_at=soon())
    clock.now += PATIENCE - 1
    keeper.turn()
    renewed = AnalysisAttempt.objects.filter(lease_expires_at__gt=soon())
    assert list(renewed.order_by("pk").values_list("job__log_entry__content", flat=True)) == ["away", "bug"]


def test_what_is_claimed_anew_after_a_wait_is_wanted(keeper: Keeper) -> None:
    attempt = claimed()
    with pytest.raises(TransientError), keeper.holding(attempt.request_id):
        raise TransientError("model")
    AnalysisAttempt.objects.filter(pk=attempt.pk).update(worker="host:2")
    keeper.turn()
    make_claim(attempt.job, WORKER)
    with keeper.holding(attempt.request_id) as held:
        keeper.turn()
        assert is_wanted(held)


def test_leases_of_others_are_not_renewed() -> None:
    moment = soon()
    attempt = claimed(lease_expires_at=moment)
    assert leases_renew(request_ids=[attempt.request_id, uuid4()], worker="host:2") == set()
    assert lease_of(attempt) == moment


def test_a_look_renews_nothing() -> None:
    moment = soon()
    attempt = claimed(lease_expires_at=moment)
    assert attempts_wanted(request_ids=[attempt.request_id], worker=WORKER) == {attempt.request_id}
    assert lease_of(attempt) == moment


def test_the_thread_survives_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = claimed(lease_expires_at=soon())
    answers = iter([TransientError("postgresql"), RuntimeError("broken"), None])
    asked: list[int] = []

    def look(**values: Any) -> Any:
        asked.append(1)
        if error := next(answers, None):
            raise error
        return leases_renew(**values)

    monkeypatch.setattr(module, "LOOK", 0.01)
    monkeypatch.setattr(module, "leases_renew", look)
    keeper = Keeper(WORKER)
    keeper.hold(attempt.request_id)
    before = lease_of(attempt)
    keeper.start()
    try:
        eventually(lambda: len(asked) >= 3 and lease_of(attempt) > before, "a renewed lease")
    finally:
        keeper.close()
    assert "default" in connections
