"""The token budget on PostgreSQL: nobody overshoots, and nothing that is left behind counts for ever."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from analysis.analyzer import Account, Refused
from analysis.budget.ledger import Ledger, Limits, Reserved
from analysis.models import TokenReservation, TokenUsage
from heimdall_project.errors import TransientError
from heimdall_project.events.jobs import FailureClass

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADA = Account("user:1", "job:1")


class Clock:
    now = NOON

    def __call__(self) -> datetime:
        return self.now


def ledger(clock: Clock | None = None, **limits: float) -> Ledger:
    return Ledger(Limits(**limits), now=clock or Clock())  # type: ignore[arg-type]


def used(account: str) -> tuple[int, int, int, int]:
    row = TokenUsage.objects.get(account=account)
    return row.prompt, row.completion, row.calls, row.refused


@pytest.mark.django_db
def test_what_is_settled_is_counted_for_client_and_job() -> None:
    keeper = ledger()
    keeper.reserve(ADA, 500).settle(100, 20)
    keeper.reserve(Account("user:1", "job:2"), 500).settle(10, 2)
    assert used("user:1") == (110, 22, 2, 0)
    assert used("job:1") == (100, 20, 1, 0)
    assert TokenUsage.objects.get(account="user:1").day == NOON.date()
    assert not TokenReservation.objects.exists()


@pytest.mark.django_db
def test_a_client_whose_day_is_used_up_is_refused_and_told_when_it_frees() -> None:
    clock = Clock()
    keeper = ledger(clock, client_day=1_000)
    keeper.reserve(ADA, 900).settle(700, 200)
    with pytest.raises(
        Refused, match=r"Of the day's 1000 tokens 100 are left.*frees at 2026-11-22T00:00Z\.$"
    ) as e:
        keeper.reserve(ADA, 101)
    assert e.value.failure_class is FailureClass.BUDGET and used("user:1")[3] == 1
    keeper.reserve(Account("user:2", "job:9"), 900)
    clock.now += timedelta(days=1)
    keeper.reserve(ADA, 900)


@pytest.mark.django_db
def test_a_job_that_used_up_its_tokens_is_refused_on_any_day() -> None:
    clock = Clock()
    keeper = ledger(clock, job=1_000)
    keeper.reserve(ADA, 900).settle(700, 200)
    clock.now += timedelta(days=3)
    with pytest.raises(Refused, match="It does not free by itself"):
        keeper.reserve(ADA, 101)
    keeper.reserve(Account("user:1", "job:2"), 900)


@pytest.mark.django_db
def test_outside_producers_are_one_client() -> None:
    keeper = ledger(client_day=1_000)
    keeper.reserve(Account("outside", "request:a"), 900).settle(600, 300)
    with pytest.raises(Refused):
        keeper.reserve(Account("outside", "request:b"), 200)


@pytest.mark.django_db
def test_what_calls_under_way_may_still_give_back_is_waited_for() -> None:
    keeper = ledger(client_day=1_000)
    first = keeper.reserve(ADA, 800)
    with pytest.raises(TransientError, match="calls under way hold the rest"):
        keeper.reserve(Account("user:1", "job:2"), 800)
    first.settle(100, 50)
    keeper.reserve(Account("user:1", "job:2"), 800)


@pytest.mark.django_db
def test_two_calls_of_one_job_at_once_share_its_tokens() -> None:
    keeper = ledger(job=1_000)
    first = keeper.reserve(ADA, 800)
    with pytest.raises(TransientError, match="calls under way hold the rest"):
        keeper.reserve(ADA, 800)
    keeper.reserve(Account("user:1", "job:2"), 800)
    first.settle(100, 50)
    keeper.reserve(ADA, 800)


@pytest.mark.django_db
def test_a_call_that_no_day_could_pay_says_so() -> None:
    with pytest.raises(Refused, match="more than a whole day's"):
        ledger(client_day=1_000).reserve(ADA, 1_001)


@pytest.mark.django_db
def test_a_reservation_left_behind_counts_until_it_expires() -> None:
    clock = Clock()
    keeper = ledger(clock, client_day=1_000, lifetime=90)
    keeper.reserve(ADA, 800)  # its worker was killed
    clock.now += timedelta(seconds=89)
    with pytest.raises(TransientError):
        keeper.reserve(ADA, 800)
    clock.now += timedelta(seconds=1)
    keeper.reserve(ADA, 800)
    assert TokenReservation.objects.count() == 1


@pytest.mark.django_db
def test_a_call_that_ends_after_its_reservation_expired_is_counted_all_the_same() -> None:
    clock = Clock()
    keeper = ledger(clock, lifetime=90)
    late = keeper.reserve(ADA, 800)
    clock.now += timedelta(seconds=91)
    keeper.reserve(ADA, 10)
    late.settle(300, 30)
    assert used("user:1")[:2] == (300, 30)


@pytest.mark.django_db
def test_usage_goes_to_the_day_on_which_the_call_began() -> None:
    clock = Clock()
    clock.now = NOON.replace(hour=23, minute=59)
    reserved = ledger(clock).reserve(ADA, 10)
    clock.now += timedelta(minutes=5)
    reserved.settle(3, 4)
    assert TokenUsage.objects.get(account="user:1").day == NOON.date()


@pytest.mark.django_db
def test_old_usage_is_cleared_when_a_day_is_opened() -> None:
    keeper = ledger()
    keeper.reserve(ADA, 10).settle(1, 1)
    TokenUsage.objects.update(
        updated_at=datetime.now(UTC) - timedelta(days=91), day=NOON - timedelta(days=91)
    )
    keeper.reserve(Account("user:2", "job:2"), 10)
    assert set(TokenUsage.objects.values_list("account", flat=True)) == {"user:2", "job:2"}


@pytest.mark.django_db(transaction=True)
def test_fifty_calls_at_once_cannot_overshoot_together() -> None:
    keeper = ledger(client_day=1_000, job=0)

    def call(number: int) -> str:
        try:
            reserved = keeper.reserve(Account("user:1", f"job:{number % 7}"), 100)
            assert isinstance(reserved, Reserved)
            return "granted"
        except (Refused, TransientError) as error:
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(call, range(50)))
    assert outcomes.count("granted") == 10 and set(outcomes) == {"granted", "TransientError"}


@pytest.mark.django_db(transaction=True)
def test_calls_at_once_that_settle_count_every_token_and_never_lock_each_other_out() -> None:
    keeper = ledger(client_day=1_000_000, job=1_000_000)

    def call(number: int) -> None:
        keeper.reserve(Account("user:1", f"job:{number % 3}"), 100).settle(7, 3)
        connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(80)))
    assert used("user:1") == (560, 240, 80, 0)
    assert sum(used(f"job:{number}")[2] for number in range(3)) == 80
    assert not TokenReservation.objects.exists()
