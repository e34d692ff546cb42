"""Sending dead letters again: proved resolved, or back at their rows; killed, forged, late, too fast."""

from collections.abc import Sequence
from time import monotonic
from typing import Any

import pytest

from dlq_admin.models import BatchItem, DeadLetter, RedriveBatch
from dlq_admin.services import (
    batch_cancel,
    batch_pause,
    batch_resume,
    letter_approve,
    letter_reprocess,
)
from dlq_admin.services.redriving import redriver, sending
from heimdall_project.errors import DeliveryFailed, RecordRefused, TransientError
from heimdall_project.streams import redrive
from heimdall_project.streams.models import RedriveOutcome, RelayLease
from heimdall_project.streams.records import Delivered, Outgoing
from tests.people import People

from .letters import assert_counted, value_of
from .world import TOPIC, World

pytestmark = pytest.mark.django_db(transaction=True)
MANY = [b"%03d" % n for n in range(12)]


class Killed(Exception):
    """The process ends here."""


@pytest.fixture
def world(people: People) -> World:
    """A world in which nothing has failed yet."""
    return World(people)


def test_what_is_sent_again_and_handled_is_resolved(world: World) -> None:
    rows = world.fail(*MANY)
    batch = world.batch(rows)
    world.worker.broken.clear()
    assert world.until_done(batch).state == "DONE"
    assert world.states() == {"RESOLVED": 12} and world.worker.handled == world.worker.redriven
    assert world.worker.handled == dict.fromkeys(MANY, 1)
    assert set(BatchItem.objects.values_list("state", flat=True)) == {"RESOLVED"}
    events = [line.event for line in rows[0].history.all()]
    assert events == ["indexed", "approve", "sent", "published", "resolved"]
    assert_counted()


def test_it_is_sent_with_identical_bytes_its_own_headers_and_the_marks_of_its_redrive(world: World) -> None:
    [row] = world.fail(b"one")
    batch = world.batch([row])
    world.redriver.step()
    [record] = world.sent()
    assert (record.key, record.value) == (b"k", b"one") == (b"k", value_of(row.payload))
    names = [name for name, _ in record.headers or ()]
    assert sorted(names) == ["event_id", "first_failed_at", *sorted(redrive.MARKS - {"redrive_proof"})]
    addressed = redrive.read(record)
    assert addressed and addressed.group == row.group
    assert addressed.redrive.redrive_id == batch.items.get().redrive_id


def test_published_and_resolved_are_two_things(world: World) -> None:
    world.batch(world.fail(b"one"))
    world.redriver.step()
    assert world.states() == {"PUBLISHED": 1}
    world.worker.broken.clear()
    world.consume()
    assert world.states() == {"PUBLISHED": 1}
    world.redriver.step()
    assert world.states() == {"RESOLVED": 1}


def test_what_fails_again_returns_to_its_row_and_stops_the_batch(world: World) -> None:
    batch = world.until_done(world.batch(world.fail(*MANY)))
    assert (batch.state, batch.note) == ("STOPPED", "2 of 2 failed again")
    assert world.states() == {"FAILED_AGAIN": 2, "APPROVED": 10} and len(world.sent()) == 2
    assert DeadLetter.objects.filter(state="FAILED_AGAIN", attempt=2, batch=None).count() == 2
    assert DeadLetter.objects.count() == 12
    assert_counted()


def test_a_stopped_batch_goes_on_when_a_person_says_so(world: World) -> None:
    batch = world.until_done(world.batch(world.fail(*MANY)))
    world.worker.broken.clear()
    batch_resume(batch_id=batch.pk, actor=world.people.omar, reason="repaired now")
    batch.refresh_from_db()
    assert world.until_done(batch).state == "DONE"
    assert world.states() == {"FAILED_AGAIN": 2, "RESOLVED": 10}


def test_a_letter_goes_round_again_with_attempt_after_attempt(world: World) -> None:
    [row] = world.fail(b"one")
    for attempt in (2, 3):
        world.until_done(world.batch([row]))
        row.refresh_from_db()
        assert (row.state, row.attempt) == ("FAILED_AGAIN", attempt)
    world.worker.broken.clear()
    world.until_done(world.batch([row]))
    row.refresh_from_db()
    assert (row.state, row.attempt) == ("RESOLVED", 3) and DeadLetter.objects.count() == 1
    assert len({record.header("redrive_id") for record in world.sent()}) == 3
    assert_counted()


def test_a_letter_that_another_approved_is_sent_alone(world: World) -> None:
    [row] = world.fail(b"one")
    letter_approve(letter_id=row.pk, actor=world.people.ada, reason="repaired")
    batch = letter_reprocess(letter_id=row.pk, actor=world.people.omar, reason="repaired")
    world.worker.broken.clear()
    assert world.until_done(batch).state == "DONE" and world.states() == {"RESOLVED": 1}


# --- pace -------------------------------------------------------------------------------------------------


def test_the_canary_goes_alone_and_the_rest_in_stages(world: World) -> None:
    world.batch(world.fail(*MANY), canary=3)
    world.worker.broken.clear()
    for _ in range(3):  # nobody has handled them yet
        world.redriver.step()
        assert len(world.sent()) == 3
    world.consume()
    patience = monotonic() + 20
    while len(world.sent()) < 12 and monotonic() < patience:  # a round waits until a tenth of its rate is due
        world.redriver.step()
    assert len(world.sent()) == 12


def test_a_rate_is_kept(world: World) -> None:
    world.batch(world.fail(*MANY), canary=12, rate=0.01)
    for _ in range(5):
        world.redriver.step()
    assert len(world.sent()) == 1  # the next one is due in a hundred seconds


@pytest.mark.parametrize(
    ("runs", "facts", "why"),
    [
        (False, {}, "job-results does not run"),
        (True, {"state": "paused"}, "job-results is paused"),
        (True, {"lag_records": 100_001}, "job-results is 100001 records behind"),
    ],
)
def test_it_waits_for_a_consumer_that_cannot_take_more(
    world: World, runs: bool, facts: dict[str, Any], why: str
) -> None:
    batch = world.batch(world.fail(b"one"))
    world.runs(runs, **facts)
    world.redriver.step()
    batch.refresh_from_db()
    assert (batch.state, batch.note, world.sent()) == ("RUNNING", why, [])
    world.runs(True)
    world.worker.broken.clear()
    assert world.until_done(batch).state == "DONE"


def test_a_paused_batch_sends_nothing_and_still_learns_what_became_of_the_rest(world: World) -> None:
    batch = world.batch(world.fail(*MANY))
    world.worker.broken.clear()
    world.redriver.step()
    batch_pause(batch_id=batch.pk, actor=world.people.omar, reason="wait")
    world.turn(3)
    assert len(world.sent()) == 2 and world.states() == {"RESOLVED": 2, "APPROVED": 10}


def test_a_cancelled_batch_gives_back_the_rest_and_watches_what_was_sent(world: World) -> None:
    batch = world.batch(world.fail(*MANY))
    world.redriver.step()
    batch_cancel(batch_id=batch.pk, actor=world.people.omar, reason="wrong")
    world.worker.broken.clear()
    world.turn(3)
    assert world.states() == {"RESOLVED": 2, "PENDING": 10} and len(world.sent()) == 2
    assert_counted()


def test_an_approver_who_lost_the_right_in_between_stops_the_batch(world: World) -> None:
    batch = world.batch(world.fail(*MANY))
    world.redriver.step()
    world.worker.broken.clear()
    world.people.ada.groups.clear()
    batch = world.until_done(batch)
    assert batch.state == "STOPPED" and "may not approve any more" in batch.note and len(world.sent()) == 2


# --- crashes and lies -------------------------------------------------------------------------------------


@pytest.mark.parametrize("point", ["dlq.after_claim", "dlq.after_publish"])
def test_a_redriver_killed_at_any_step_is_followed_by_one_that_does_the_rest_once(
    world: World, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    batch = world.batch(world.fail(*MANY))
    world.worker.broken.clear()
    deaths = iter([True, True])

    def die(name: str) -> None:
        if name == point and next(deaths, False):
            raise Killed

    for module in (redriver, sending):
        monkeypatch.setattr(module, "crash_point", die)
    for _ in range(2):
        with pytest.raises(Killed):
            world.turn(20)
        RelayLease.objects.update(expires_at=None)
        world.redriver = world.another()
    assert world.until_done(batch).state == "DONE"
    assert world.states() == {"RESOLVED": 12} and world.worker.handled == dict.fromkeys(MANY, 1)
    ids = [record.header("redrive_id") for record in world.sent()]
    assert len(set(ids)) == 12 and (len(ids) > 12) == (point == "dlq.after_publish")
    assert_counted()


class Flaky:
    """A producer whose broker is away for some calls."""

    def __init__(self, world: World, away: int) -> None:
        self._inner, self.away = world.broker.producer(), away

    def publish(self, records: Sequence[Outgoing]) -> list[Delivered | DeliveryFailed]:
        if self.away:
            self.away -= 1
            return [DeliveryFailed("the broker is away") for _ in records]
        return self._inner.publish(records)

    def close(self) -> None:
        """Nothing to give up."""


def test_while_the_broker_is_away_it_waits_and_then_sends_the_same(world: World) -> None:
    batch = world.batch(world.fail(*MANY))
    world.worker.broken.clear()
    world.producer = Flaky(world, away=3)
    RelayLease.objects.all().delete()
    world.redriver = world.another()
    for _ in range(3):
        with pytest.raises(TransientError, match="not acknowledged"):
            world.redriver.step()
    batch.refresh_from_db()
    assert "not acknowledged" in batch.note and world.states()["REPROCESSING"] == 2
    assert world.until_done(batch).state == "DONE" and world.worker.handled == dict.fromkeys(MANY, 1)


def test_a_topic_that_is_gone_holds_up_its_batch_and_no_other(world: World) -> None:
    first, second = world.fail(b"one", b"two")
    world.batch([first])
    world.batch([second])
    world.worker.broken.clear()
    publish = world.producer.publish

    def without(records: Sequence[Outgoing]) -> list[Delivered | DeliveryFailed]:
        if any(record.value == b"two" for record in records):
            return [DeliveryFailed("no such topic") for _ in records]
        answers: list[Delivered | DeliveryFailed] = publish(records)
        return answers

    world.producer.publish = without
    for _ in range(3):
        with pytest.raises(TransientError):
            world.redriver.step()
        world.consume()
    assert world.states() == {"RESOLVED": 1, "REPROCESSING": 1}


def test_only_who_holds_the_lease_sends(world: World) -> None:
    world.batch(world.fail(b"one"))
    other = world.another()
    assert world.redriver.step() and not other.step() and len(world.sent()) == 1
    RelayLease.objects.update(expires_at=None)
    other.step()
    world.redriver.step()  # it believes that it holds the lease, and is fenced
    assert len(world.sent()) == 1


def test_a_redrive_that_was_handled_before_its_mark_was_written_is_resolved(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.batch(world.fail(b"one"))
    world.worker.broken.clear()

    def die(name: str) -> None:
        if name == "dlq.after_publish":
            raise Killed

    for module in (redriver, sending):
        monkeypatch.setattr(module, "crash_point", die)
    with pytest.raises(Killed):
        world.redriver.step()
    world.consume()
    assert world.states() == {"REPROCESSING": 1}
    world.redriver.step()
    assert world.states() == {"RESOLVED": 1} and len(world.sent()) == 1


def test_the_letter_of_an_earlier_redrive_that_comes_late_moves_nothing(world: World) -> None:
    [row] = world.fail(b"one")
    batch = world.batch([row])
    world.redriver.step()
    RedriveOutcome.objects.create(  # the outcome is there, the dead letter not yet
        redrive_id=batch.items.get().redrive_id, group=row.group, status="failed", topic=TOPIC, partition=0,
        offset=1,
    )  # fmt: skip
    world.redriver.step()
    row.refresh_from_db()
    assert (row.state, row.attempt) == ("FAILED_AGAIN", 2)
    world.batch([row])
    world.redriver.step()  # under another redrive id
    world.consume()  # and now the first letter comes, and the second
    row.refresh_from_db()
    assert DeadLetter.objects.count() == 1 and (row.state, row.attempt) == ("FAILED_AGAIN", 3)
    assert_counted()


def test_letters_that_arrive_while_a_batch_runs_are_not_in_it(world: World) -> None:
    batch = world.batch(world.fail(*MANY))
    world.redriver.step()
    world.worker.broken.clear()
    world.fail(b"new")
    assert world.until_done(batch).state == "DONE" and world.states() == {"RESOLVED": 12, "PENDING": 1}
    assert RedriveBatch.objects.get().size == 12


def test_a_letter_that_the_broker_does_not_take_fails_and_holds_up_nobody(world: World) -> None:
    batch = world.batch(world.fail(b"one", b"large", b"two"), canary=3, most_failures=1.0)
    world.worker.broken.clear()
    publish = world.producer.publish

    def bounded(records: Sequence[Outgoing]) -> list[Delivered | DeliveryFailed]:
        if any(record.value == b"large" for record in records):  # it takes along what went with it
            return [RecordRefused("Message size too large") for _ in records]
        answers: list[Delivered | DeliveryFailed] = publish(records)
        return answers

    world.producer.publish = bounded
    assert world.until_done(batch).state == "DONE"
    assert world.states() == {"RESOLVED": 2, "FAILED_AGAIN": 1}
    assert "Message size too large" in batch.items.get(state="FAILED").note
    assert_counted()
