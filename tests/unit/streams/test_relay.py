"""The relay's step, with outbox, lease and broker in memory."""

from pytest_django import Settings

from heimdall_project.streams.checks import budgets
from heimdall_project.streams.lease import RENEW_BELOW
from heimdall_project.streams.relay import delivery_timeout
from heimdall_project.streams.topics import Topic

from .outbox_world import World


def test_events_are_published_in_order_and_marked() -> None:
    world = World()
    for name in ("one", "two", "three"):
        world.outbox.add(name)
    world.step()
    assert world.published() == ["one", "two", "three"]
    assert world.outbox.sent == ["one", "two", "three"]


def test_a_row_that_appears_below_sent_rows_is_published() -> None:
    world = World()
    world.outbox.add("first", row_id=20)
    world.step()
    world.outbox.add("late", key="b", row_id=10)
    world.step()
    assert world.outbox.sent == ["first", "late"]


def test_a_full_batch_asks_to_go_again_at_once() -> None:
    world = World(batch=2)
    for name in ("one", "two", "three"):
        world.outbox.add(name)
    assert world.step() is True
    assert world.step() is False
    assert world.published() == ["one", "two", "three"]


def test_a_relay_without_the_lease_publishes_nothing() -> None:
    world = World()
    world.lease.free = False
    world.outbox.add("one")
    assert world.step() is False
    assert world.published() == []


def test_a_relay_that_lost_its_lease_while_publishing_marks_nothing() -> None:
    world = World()
    world.outbox.add("one")
    world.producer.before = lambda: setattr(world.lease, "taken_away", True)
    assert world.step() is False
    assert world.published() == ["one"]
    assert world.outbox.sent == []


def test_a_relay_frozen_while_it_read_asks_for_the_lease_before_it_publishes() -> None:
    world = World()
    world.outbox.add("one")
    read = world.outbox.waiting

    def frozen_while_reading(**bounds: object) -> object:
        world.clock.advance(60)
        return read(**bounds)  # type: ignore[arg-type]

    world.outbox.waiting = frozen_while_reading  # type: ignore[method-assign, assignment]
    assert world.step() is True
    assert world.published() == []


def test_the_broker_must_answer_before_a_lease_that_is_fresh_can_end() -> None:
    assert delivery_timeout(lease=10.0) * 1.25 < 10.0 * RENEW_BELOW


def test_rows_behind_a_refused_one_of_their_key_are_published_after_it() -> None:
    world = World()
    world.producer.refused = {b"one"}
    for name in ("one", "two"):
        world.outbox.add(name)
    world.step()
    assert world.outbox.sent == []
    world.producer.refused = set()
    world.clock.advance(60)
    world.step(2)
    assert world.outbox.sent == ["one", "two"]


def test_other_keys_go_on_while_one_waits() -> None:
    world = World(batch=1)
    world.producer.refused = {b"never"}
    world.outbox.add("never", key="poison")
    world.outbox.add("healthy", key="other")
    world.step(2)
    assert world.outbox.sent == ["healthy"]


def test_a_row_that_is_refused_for_ever_does_not_drag_copies_of_its_successors_along() -> None:
    world = World()
    world.producer.refused = {b"never"}
    for name in ("never", "next"):
        world.outbox.add(name)
    for _ in range(20):
        world.step()
        world.clock.advance(60)
    assert world.published() == ["next"], "once with the first batch, before anything was known"


def test_other_topics_go_on_while_one_takes_nothing() -> None:
    world = World(batch=20)
    world.broker.unavailable = {Topic.ANALYSIS_REQUEST}
    for number in range(20):
        world.outbox.add(f"stuck-{number}", key=str(number))
    world.outbox.add("result", topic=Topic.ANALYSIS_RESULT)
    world.step(2)
    assert world.outbox.sent == ["result"]
    world.broker.unavailable = set()
    world.clock.advance(60)
    world.step()
    assert len(world.outbox.sent) == 21


def test_a_clean_stop_gives_the_lease_back() -> None:
    world = World()
    world.step()
    assert world.lease.token == 1
    world.relay.close()
    assert world.lease.token is None


def test_a_lease_too_long_for_the_drain_budget_is_a_mistake_that_is_named(settings: Settings) -> None:
    settings.OUTBOX_LEASE = 3 * settings.WORKER_DRAIN_BUDGET
    assert "streams.E006" in {found.id for found in budgets(None)}
