"""Nothing is sent whose approval is gone: also what was claimed before, and not sent."""

import pytest
from django.contrib.auth.models import Group

from dlq_admin.models import RedriveBatch
from dlq_admin.services import batch_cancel, batch_give_up, batch_resume
from dlq_admin.services.redriving import redriver
from heimdall_project.streams import registry
from heimdall_project.streams.consumer import Effects
from heimdall_project.streams.models import RelayLease
from tests.people import People

from .world import World

pytestmark = pytest.mark.django_db(transaction=True)


class Killed(Exception):
    """The process ends here."""


@pytest.fixture
def claimed(people: People, monkeypatch: pytest.MonkeyPatch) -> tuple[World, RedriveBatch]:
    """Two letters that were about to be sent when the redriver died, and whose approver lost the right."""
    world = World(people)
    batch = world.batch(world.fail(b"one", b"two"))
    world.worker.broken.clear()

    def die(name: str) -> None:
        if name == "dlq.after_claim":
            raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(redriver, "crash_point", die)
        world.turn()
    people.ada.groups.clear()
    RelayLease.objects.update(expires_at=None)
    world.redriver = world.another()
    return world, batch


def test_what_was_claimed_before_is_not_sent_after(claimed: tuple[World, RedriveBatch]) -> None:
    world, batch = claimed
    world.turn(3)
    batch.refresh_from_db()
    assert (batch.state, world.sent()) == ("STOPPED", []) and "may not approve any more" in batch.note


def test_nor_when_somebody_lets_it_go_on_but_when_the_right_is_back(
    claimed: tuple[World, RedriveBatch],
) -> None:
    world, batch = claimed
    world.turn()
    batch_resume(batch_id=batch.pk, actor=world.people.omar, reason="go on")
    world.turn(2)
    batch.refresh_from_db()
    assert (batch.state, world.sent()) == ("STOPPED", [])
    world.people.ada.groups.add(Group.objects.get(name="approver"))
    batch_resume(batch_id=batch.pk, actor=world.people.omar, reason="she is back")
    assert world.until_done(batch).state == "DONE" and world.states() == {"RESOLVED": 2}


def test_nor_when_it_is_cancelled_and_it_can_be_given_up(claimed: tuple[World, RedriveBatch]) -> None:
    world, batch = claimed
    batch_cancel(batch_id=batch.pk, actor=world.people.omar, reason="wrong")
    world.turn(3)
    batch_give_up(batch_id=batch.pk, actor=world.people.omar, reason="it was never sent")
    world.turn()
    assert not world.sent() and world.states() == {"FAILED_AGAIN": 2}


def test_a_consumer_that_became_unsafe_since_holds_up_what_one_person_approved(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(people)
    batch = world.batch(world.fail(b"one"))
    monkeypatch.setattr(registry.get("job-results"), "effects", Effects.UNSAFE)
    world.turn(2)
    batch.refresh_from_db()
    assert not world.sent() and "a second approval" in batch.note
