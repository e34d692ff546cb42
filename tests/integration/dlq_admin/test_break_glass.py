"""One person alone: off by default, with a right of its own, and told for ever where it was done."""

import pytest
from django.contrib.auth.models import Group
from django.core.checks import run_checks
from django.db import DatabaseError, transaction
from pytest_django import Settings

from dlq_admin.models import DeadLetter, RedriveBatch
from dlq_admin.services import Pace, batch_approve, batch_propose
from heimdall_project.accounts.models import AuditEvent, User
from heimdall_project.accounts.roles import BREAK_GLASS
from heimdall_project.errors import Conflict, Forbidden
from heimdall_project.streams import registry
from heimdall_project.streams.consumer import Effects
from tests.people import People

from .letters import Letters, index
from .world import World

pytestmark = pytest.mark.django_db
WHY = "nobody else is on duty"


@pytest.fixture
def alone(people: People, settings: Settings) -> User:
    """Omar, who may break the glass here."""
    settings.DLQ_BREAK_GLASS = True
    people.omar.groups.add(Group.objects.get(name=BREAK_GLASS))
    return User.objects.get(pk=people.omar.pk)


def proposed(letters: Letters, actor: User) -> RedriveBatch:
    index(letters.failed(b"x"))
    ids = list(DeadLetter.objects.values_list("pk", flat=True))
    return batch_propose(letter_ids=ids, actor=actor, reason=WHY, pace=Pace())


def broken(batch: RedriveBatch, actor: User) -> RedriveBatch:
    return batch_approve(
        batch_id=batch.pk, actor=actor, reason=WHY, set_hash=batch.set_hash, break_glass=True
    )


def test_one_person_sends_alone_and_the_row_and_the_trail_say_so(letters: Letters, alone: User) -> None:
    batch = broken(proposed(letters, alone), alone)
    assert (batch.state, batch.break_glass, batch.approved_by) == ("RUNNING", True, alone)
    assert AuditEvent.objects.acts().get(action="dlq.break_glass").reason == WHY
    with pytest.raises(DatabaseError), transaction.atomic():
        RedriveBatch.objects.update(break_glass=False)


def test_it_is_off_by_default(people: People, letters: Letters, alone: User, settings: Settings) -> None:
    settings.DLQ_BREAK_GLASS = False
    with pytest.raises(Forbidden, match="DLQ_BREAK_GLASS"):
        broken(proposed(letters, alone), alone)
    assert RedriveBatch.objects.get().state == "PROPOSED"


def test_it_takes_a_right_that_no_other_role_has(people: People, letters: Letters, alone: User) -> None:
    batch = proposed(letters, people.ada)
    with pytest.raises(Forbidden, match="break_glass"):
        broken(batch, people.ada)
    with pytest.raises(Conflict, match="another's"):
        broken(batch, alone)


def test_without_it_nobody_approves_an_own_proposal(letters: Letters, alone: User) -> None:
    batch = proposed(letters, alone)
    with pytest.raises(Forbidden):
        batch_approve(batch_id=batch.pk, actor=alone, reason=WHY, set_hash=batch.set_hash)
    with pytest.raises(DatabaseError), transaction.atomic():
        RedriveBatch.objects.update(approved_by=alone, approved_hash=batch.set_hash)


def test_a_broken_glass_is_never_another_person(people: People, letters: Letters, alone: User) -> None:
    batch = proposed(letters, alone)
    with pytest.raises(DatabaseError), transaction.atomic():
        RedriveBatch.objects.update(approved_by=people.ada, approved_hash=batch.set_hash, break_glass=True)


def test_what_is_unsafe_to_repeat_still_takes_three(
    letters: Letters, alone: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry.get("analysis-worker"), "effects", Effects.UNSAFE)
    with pytest.raises(Forbidden, match="unsafe"):
        broken(proposed(letters, alone), alone)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("loss", ["right", "setting"])
def test_a_batch_stops_when_the_right_or_the_setting_goes(
    people: People, alone: User, settings: Settings, loss: str
) -> None:
    world = World(people)
    world.fail(b"one", b"two")
    ids = list(DeadLetter.objects.values_list("pk", flat=True))
    batch = broken(batch_propose(letter_ids=ids, actor=alone, reason=WHY, pace=Pace()), alone)
    if loss == "right":
        alone.groups.remove(Group.objects.get(name=BREAK_GLASS))
    else:
        settings.DLQ_BREAK_GLASS = False
    world.redriver.step()
    batch.refresh_from_db()
    assert batch.state == "STOPPED" and not world.sent()


def test_the_checks_tell_of_it_and_of_retentions_that_do_not_fit(settings: Settings) -> None:
    def told() -> set[str]:
        return {str(each.id) for each in run_checks() if str(each.id).startswith("dlq_admin")}

    assert told() == set()
    settings.DLQ_BREAK_GLASS = True
    settings.DLQ_ROW_RETENTION = 30 * 86_400.0
    assert told() == {"dlq_admin.W001", "dlq_admin.E001", "dlq_admin.E002"}
