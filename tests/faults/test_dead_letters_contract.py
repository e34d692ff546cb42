"""The contract changes while letters are under way, on real processes: they come back, the batch stops."""

import pytest

from dlq_admin.models import BatchItem, DeadLetter, LetterLine, RedriveBatch
from dlq_admin.services import batch_resume, batch_try
from heimdall_project.accounts.models import User
from heimdall_project.streams import registry
from tests.probe_workers.harness import eventually

from .test_dead_letters_hostile import LEASE, seems_to_run, state_of
from .test_dead_letters_redriven import INDEXER, NAMES, QUICK, REDRIVER, WORKER, approved, lettered, probe
from .world import World, repeats

__all__ = ["probe"]
pytestmark = pytest.mark.usefixtures("probe")
CANARY = 3


def resumed(batch: RedriveBatch) -> None:
    batch_resume(batch_id=batch.pk, actor=User.objects.get(username="other"), reason="looked at it")


def failed_again() -> int:
    return DeadLetter.objects.filter(state="FAILED_AGAIN", attempt=2).count()


def stopped(batch: RedriveBatch) -> bool:
    """Whether it stopped itself, and nothing of it is under way any more."""
    under_way = BatchItem.objects.filter(state__in=["SENDING", "PUBLISHED"])
    return state_of(batch) == "STOPPED" and not under_way.exists()


def test_letters_that_the_contract_no_longer_takes_come_back_and_the_batch_stops_at_its_bound(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.probe_consumers.contracts import LongNote  # registers workers, which `probe` takes back

    batch = approved(lettered(world))
    assert {each.passes for each in batch_try(batch_id=batch.pk).tried} == {True}
    seems_to_run()
    with world.run(REDRIVER, INDEXER, **LEASE):
        eventually(lambda: BatchItem.objects.filter(state="PUBLISHED").count() == CANARY, "the canary is out")
        with world.run(WORKER, PROBE_CONTRACT="long-notes", **QUICK):  # changed between sending and handling
            eventually(lambda: stopped(batch) and failed_again() == CANARY, "the canary is back")
            resumed(batch)  # and now between approval and sending
            eventually(lambda: stopped(batch) and failed_again() > CANARY, "more came back")
        with monkeypatch.context() as newer:  # a web door of that version tells it beforehand
            newer.setattr(registry.get(WORKER), "event", LongNote)
            told = [each for each in batch_try(batch_id=batch.pk).tried if not each.obstacle]
        back = failed_again()
        assert back < len(NAMES) / 2 and {each.passes for each in told} == {False}
        assert {wrong.path for each in told for wrong in each.errors} == {"$.id"}
        with world.run(WORKER, **QUICK):  # the contract of before is back
            resumed(batch)
            eventually(lambda: state_of(batch) == "DONE")
    rows = DeadLetter.objects.all()
    assert rows.count() == len(NAMES) and failed_again() == back
    assert rows.filter(state="RESOLVED").count() == len(NAMES) - back == len(world.stored(WORKER))
    again = LetterLine.objects.filter(event="failed_again").exclude(note="")
    assert again.count() == back and all("id" in note for note in again.values_list("note", flat=True))
    assert repeats(world.calls(WORKER)) == {}
