"""Counts and batches as event streams: the whole each time it changes, and nothing to who has seen it."""

import pytest

from dlq_admin.models import RedriveBatch
from dlq_admin.services import Pace, batch_cancel, batch_propose, batch_reject
from dlq_admin.stream import batch_news, letter_news
from heimdall_project.errors import Forbidden, NotFound
from tests.people import People

from .world import World

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_batch_is_told_as_it_moves_and_its_stream_ends_with_it(people: People) -> None:
    world = World(people)
    batch = world.batch(world.fail(b"a", b"b"))
    world.worker.broken.clear()
    feed = batch_news(people.vera, batch.pk)
    [first] = feed.fetch(None).events
    assert first.data["progress"]["waiting"] == 2 and feed.fetch(first.id).events == []
    world.until_done(batch)
    told = feed.fetch(first.id)
    assert told.over and told.events[0].data["progress"]["resolved"] == 2
    assert told.events[0].data["state"] == "DONE"


def test_a_client_that_comes_back_is_told_only_what_it_has_not_seen(people: People) -> None:
    world = World(people)
    batch = world.batch(world.fail(b"a"))
    [seen] = batch_news(people.vera, batch.pk).fetch(None).events
    assert batch_news(people.vera, batch.pk).fetch(seen.id).events == []
    assert batch_news(people.vera, batch.pk).fetch("strange").events == [seen]


def test_a_cancelled_batch_is_told_on_while_something_is_under_way(people: People) -> None:
    world = World(people)
    batch = world.batch(world.fail(b"a", b"b"), canary=1)
    world.redriver.step()
    batch_cancel(batch_id=batch.pk, actor=people.omar, reason="enough")
    assert not batch_news(people.vera, batch.pk).fetch(None).over
    world.turn(2)
    assert batch_news(people.vera, batch.pk).fetch(None).over


def test_who_may_not_see_letters_hears_of_none(people: People) -> None:
    world = World(people)
    batch = world.batch(world.fail(b"a"))
    with pytest.raises(Forbidden):
        letter_news(people.eve)
    with pytest.raises(Forbidden):
        batch_news(people.eve, batch.pk)
    with pytest.raises(NotFound):
        batch_news(people.vera, batch.pk + 1)


def test_the_counts_are_told_when_a_letter_comes_and_when_a_batch_moves(people: People) -> None:
    world = World(people)
    feed = letter_news(people.vera)
    [empty] = feed.fetch(None).events
    assert not any(empty.data["by_state"].values())
    rows = world.fail(b"a")
    [one] = feed.fetch(empty.id).events
    assert one.data["by_state"]["PENDING"] == 1 and one.data["open_clusters"] == 1
    batch = world.batch(rows)
    [two] = feed.fetch(one.id).events
    assert two.data["batches"] == {str(batch.pk): "RUNNING"} and feed.fetch(two.id).events == []


def test_a_rejected_batch_is_over(people: People) -> None:
    world = World(people)
    rows = world.fail(b"a")
    batch = batch_propose(letter_ids=[rows[0].pk], actor=people.omar, reason="x", pace=Pace())
    batch_reject(batch_id=batch.pk, actor=people.ada, reason="not yet")
    assert batch_news(people.vera, batch.pk).fetch(None).over
    assert RedriveBatch.objects.get().state == "REJECTED"
