"""What was sent again and never comes to an end does not stay so: a person stops waiting."""

import pytest

from dlq_admin.models import DeadLetter, RedriveBatch
from dlq_admin.services import batch_approve, batch_cancel, batch_give_up
from heimdall_project.accounts.models import AuditEvent, User
from heimdall_project.errors import Conflict, Forbidden
from heimdall_project.streams import registry
from heimdall_project.streams.books import DjangoBooks
from heimdall_project.streams.consumer import Effects
from heimdall_project.streams.records import Record
from tests.people import People

from .letters import assert_counted
from .world import Fragile, World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(people: People) -> World:
    """Two letters that were sent again by a batch that was cancelled then; nobody read them yet."""
    world = World(people)
    batch = world.batch(world.fail(b"one", b"two"))
    world.redriver.step()
    batch_cancel(batch_id=batch.pk, actor=people.omar, reason="its consumer is gone")
    return world


def give_up(world: World) -> RedriveBatch:
    """Give up the first batch."""
    first = RedriveBatch.objects.order_by("pk").first()
    assert first
    return batch_give_up(batch_id=first.pk, actor=world.people.omar, reason="the records are lost")


def test_what_never_ended_comes_back_and_can_be_sent_once_more(sent: World) -> None:
    give_up(sent)
    rows = list(DeadLetter.objects.order_by("pk"))
    assert [(row.state, row.attempt, row.batch_id, row.approved_by_id) for row in rows] == [
        ("FAILED_AGAIN", 2, None, None)
    ] * 2
    [act] = AuditEvent.objects.acts().filter(action="dlq.give_up")
    last = rows[0].history.last()
    assert (act.state, act.actor, act.reason) == ("ok", "omar", "the records are lost")
    assert last and (last.event, last.note, last.actor) == ("give_up", "the records are lost", "omar")
    assert_counted()
    sent.worker.broken.clear()
    assert sent.until_done(sent.batch(rows)).state == "DONE" and sent.states() == {"RESOLVED": 2}


def test_a_copy_that_comes_later_is_not_handled_where_that_must_not_happen_twice(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fragile, "effects", Effects.UNSAFE)
    world = World(people)
    batch = world.batch(world.fail(b"one"))
    world.redriver.step()
    batch_cancel(batch_id=batch.pk, actor=people.omar, reason="wrong")
    give_up(world)
    world.worker.broken.clear()
    world.turn(2)
    assert world.states() == {"FAILED_AGAIN": 1} and not world.worker.handled


def test_a_person_is_told_of_what_began_and_must_not_begin_again(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry.get("job-results"), "effects", Effects.UNSAFE)
    world = World(people)
    batch = world.batch(world.fail(b"one", b"two"))
    third = User.objects.create_superuser("rita")
    batch_approve(batch_id=batch.pk, actor=third, reason="looked too", set_hash=batch.set_hash)
    world.redriver.step()
    first = DeadLetter.objects.earliest("pk")
    record = Record(first.topic, 0, 9, 0, None, b"one")
    assert DjangoBooks().redrive_begun(first.group, first.redrive_id, record)
    world.redriver.step()
    batch.refresh_from_db()
    assert "; 1 were begun and no end is known: see what they did" in batch.note


def test_what_has_an_outcome_is_not_given_up(sent: World) -> None:
    sent.worker.broken.clear()
    sent.consume()
    with pytest.raises(Conflict, match="Nothing of it is under way"):
        give_up(sent)
    sent.redriver.step()
    assert sent.states() == {"RESOLVED": 2}


def test_only_a_cancelled_batch_is_given_up_and_by_who_may_steer_it(people: People) -> None:
    world = World(people)
    batch = world.batch(world.fail(b"one"))
    world.redriver.step()
    with pytest.raises(Conflict, match="cancel it first"):
        give_up(world)
    with pytest.raises(Forbidden):
        batch_give_up(batch_id=batch.pk, actor=people.vera, reason="r")
    assert world.states() == {"PUBLISHED": 1}
