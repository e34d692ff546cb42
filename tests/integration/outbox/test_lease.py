"""The lease, by PostgreSQL's clock."""

import pytest
from django.db import transaction

from heimdall_project.errors import Fenced, TransientError
from heimdall_project.streams.books import database
from heimdall_project.streams.lease import Lease
from heimdall_project.streams.models import RelayLease
from heimdall_project.streams.testing import FakeClock

from .world import beside, expire_lease, holder, lease, open_transaction, unsent, until

pytestmark = pytest.mark.django_db(transaction=True)


def fence(mine: Lease) -> None:
    with transaction.atomic():
        mine.fence()


def test_one_holder_at_a_time() -> None:
    mine, other = lease("me"), lease("other")
    assert (mine.hold(), other.hold(), mine.hold()) == (True, False, True)
    assert holder() == "me"


def test_a_released_lease_is_taken_at_once_with_a_higher_token() -> None:
    mine, other = lease("me"), lease("other")
    mine.hold()
    token = RelayLease.objects.get().token
    mine.release()
    assert other.hold()
    assert other.token == token + 1


def test_a_lease_that_ran_out_goes_to_whoever_asks_first() -> None:
    mine, other, third = lease("me"), lease("other"), lease("third")
    mine.hold()
    expire_lease()
    assert (other.hold(), third.hold()) == (True, False)


def test_a_stale_token_cannot_act() -> None:
    mine, other = lease("me"), lease("other")
    mine.hold()
    expire_lease()
    other.hold()
    with pytest.raises(Fenced):
        fence(mine)
    assert mine.token is None


def test_the_same_holder_name_under_an_older_token_cannot_act() -> None:
    mine, twin = lease("me"), lease("me")
    mine.hold()
    expire_lease()
    twin.hold()
    with pytest.raises(Fenced):
        fence(mine)


def test_a_lease_that_ran_out_and_was_not_taken_is_still_ours() -> None:
    mine = lease("me")
    mine.hold()
    expire_lease()
    fence(mine)
    assert not lease("other").hold()


def test_acting_under_the_lease_renews_it_only_if_it_is_committed() -> None:
    clock = FakeClock()
    mine = Lease("outbox", duration=60.0, clock=clock)
    mine.hold()
    clock.advance(50)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        mine.fence()
        raise ZeroDivisionError
    assert mine.remaining() == 10.0
    fence(mine)
    assert mine.remaining() == 60.0


def test_nobody_takes_over_while_an_act_is_being_committed() -> None:
    mine = lease("me")
    mine.hold()
    expire_lease()
    with open_transaction(mine.fence) as commit:
        assert not lease("other").hold(), "nor does it wait"
        commit.set()
    assert not lease("third").hold(), "the act had renewed it"


def test_a_holder_that_is_frozen_in_an_act_keeps_nobody_waiting_for_ever() -> None:
    mine, other = lease("me", duration=1.0), lease("other", duration=1.0)
    mine.hold()
    with pytest.raises(TransientError), database(), transaction.atomic():
        mine.fence()
        with beside(lambda: until(other.hold)):
            pass
        unsent()
    assert holder() == "other"


def test_a_holder_asks_the_database_only_when_a_quarter_has_passed(
    django_assert_num_queries: object,
) -> None:
    clock = FakeClock()
    mine = Lease("outbox", duration=60.0, clock=clock)
    mine.hold()
    with django_assert_num_queries(0):  # type: ignore[operator]
        clock.advance(14)
        assert mine.hold()
    with django_assert_num_queries(1):  # type: ignore[operator]
        clock.advance(2)
        assert mine.hold()


def test_a_holder_in_doubt_asks_before_it_goes_on() -> None:
    mine, other = lease("me"), lease("other")
    mine.hold()
    expire_lease()
    other.hold()
    assert mine.hold(), "by its own clock it still has it"
    mine.doubt()
    assert not mine.hold()


def test_a_holder_that_stands_by_asks_rarely(django_assert_num_queries: object) -> None:
    lease("other").hold()
    clock = FakeClock()
    mine = Lease("outbox", duration=60.0, clock=clock)
    mine.hold()
    with django_assert_num_queries(0):  # type: ignore[operator]
        clock.advance(0.9)
        assert not mine.hold()
