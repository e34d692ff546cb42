"""Publish hooks: in the marking transaction, neither lost nor in the way."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import Group
from django.db import DataError, connection

from heimdall_project.errors import Fenced
from heimdall_project.streams import publish_hooks
from heimdall_project.streams.models import OutboxMessage
from heimdall_project.streams.outbox_store import OutboxStore
from heimdall_project.streams.publish_hooks import Hook, Published, on_published
from heimdall_project.streams.records import Delivered
from heimdall_project.streams.topics import Topic

from .world import expire_lease, lease, open_transaction, unsent, waiting, write

pytestmark = pytest.mark.django_db(transaction=True)
TOPIC = Topic.CATALOG_UPSERTS


@contextmanager
def hooked(hook: Hook) -> Iterator[None]:
    on_published(TOPIC)(hook)
    try:
        yield
    finally:
        publish_hooks.forget(TOPIC, hook)


def write_down(rows: Sequence[Published]) -> None:
    """A hook that leaves a trace in the database: a group a row."""
    Group.objects.bulk_create(Group(name=f"told {row.event_id}") for row in rows)


def write_down_and_fail_on_bad(rows: Sequence[Published]) -> None:
    write_down(rows)
    if any(row.event_id == "bad" for row in rows):
        raise ValueError("bad")


def written() -> set[str]:
    names = Group.objects.filter(name__startswith="told ").values_list("name", flat=True)
    return {name.removeprefix("told ") for name in names}


def due() -> set[str]:
    return set(OutboxMessage.objects.filter(hooks_due=True).values_list("event_id", flat=True))


def mark() -> None:
    mine = lease()
    mine.hold()
    OutboxStore().mark(mine, [(row, Delivered(row.key.topic, 1, 5)) for row in waiting()])
    mine.release()


def run_due(after: int = 0, rows: int = 100) -> int:
    mine = lease()
    mine.hold()
    try:
        return OutboxStore().run_due_hooks(mine, after=after, rows=rows)
    finally:
        mine.release()


def test_a_hook_learns_where_its_events_went() -> None:
    told: list[Published] = []
    write("one", key="k", topic=TOPIC)
    write("elsewhere", topic=Topic.ANALYSIS_REQUEST)
    with hooked(told.extend):
        mark()
    assert [row[:5] for row in told] == [("one", TOPIC, "k", 1, 5)]
    assert told[0].sent_at == OutboxMessage.objects.get(event_id="one").sent_at


def test_a_hook_registered_twice_runs_once() -> None:
    told: list[Published] = []

    def tell(rows: Sequence[Published]) -> None:
        told.extend(rows)

    write("one", topic=TOPIC)
    on_published(TOPIC)(tell)
    with hooked(tell):
        mark()
    assert len(told) == 1


def test_what_a_hook_writes_stands_only_with_the_mark() -> None:
    write("one", topic=TOPIC)
    stale = lease("stale")
    stale.hold()
    rows = [(row, Delivered(TOPIC, 0, 0)) for row in waiting()]

    def taken_over_meanwhile(published: Sequence[Published]) -> None:
        write_down(published)
        raise Fenced("as if the commit had failed")

    with hooked(write_down):
        expire_lease()
        lease("leading").hold()
        with pytest.raises(Fenced):
            OutboxStore().mark(stale, rows)
    assert (written(), unsent()) == (set(), ["one"])


def test_a_failing_hook_loses_its_own_writes_and_the_mark_stands() -> None:
    write("good", "bad", topic=TOPIC)
    with hooked(write_down_and_fail_on_bad):
        mark()
    assert (unsent(), written()) == ([], set())
    assert due() == {"good", "bad"}


def test_a_hook_that_breaks_its_transaction_does_not_break_the_relay() -> None:
    def break_it(_: Sequence[Published]) -> None:
        with connection.cursor() as sql:
            sql.execute("SELECT 1 / 0")

    write("one", topic=TOPIC)
    with hooked(break_it):
        mark()
    assert (unsent(), due()) == ([], {"one"})
    with pytest.raises(DataError):
        break_it([])


def test_a_hook_that_failed_is_run_again_apart_from_the_row_that_fails() -> None:
    write("good", "bad", topic=TOPIC)
    with hooked(write_down_and_fail_on_bad):
        mark()
        run_due()
    assert (written(), due()) == ({"good"}, {"bad"})
    with hooked(write_down):
        run_due()
    assert (written(), due()) == ({"good", "bad"}, set())


def test_one_bad_row_among_many_is_found_by_halving() -> None:
    write(*(f"good-{n}" for n in range(40)), "bad", *(f"fine-{n}" for n in range(40)), topic=TOPIC)
    with hooked(write_down_and_fail_on_bad):
        mark()
        run_due()
    assert (len(written()), due()) == (80, {"bad"})


def test_a_hook_broken_for_all_is_not_tried_row_by_row() -> None:
    calls: list[int] = []

    def broken(rows: Sequence[Published]) -> None:
        calls.append(len(rows))
        raise ValueError

    write(*(f"row-{n}" for n in range(60)), topic=TOPIC)
    with hooked(broken):
        mark()
        run_due()
    assert len(calls) == 1 + publish_hooks.MOST_FAILURES
    assert len(due()) == 60


def test_a_hook_that_waits_for_a_lock_fails_and_is_run_again_later() -> None:
    group = Group.objects.create(name="locked")

    def wait_for_the_row(rows: Sequence[Published]) -> None:
        Group.objects.filter(pk=group.pk).update(name=f"told {rows[0].event_id}")

    write("one", topic=TOPIC)
    with hooked(wait_for_the_row):
        with open_transaction(lambda: Group.objects.select_for_update().get(pk=group.pk)):
            mark()
            assert due() == {"one"}
        run_due()
    assert (written(), due()) == ({"one"}, set())


def test_rows_whose_hooks_always_fail_do_not_stand_before_others() -> None:
    write("bad", "good", topic=TOPIC)
    with hooked(write_down_and_fail_on_bad):
        mark()
        after = run_due(rows=1)
        assert written() == set()
        assert run_due(after=after, rows=1) > 0
    assert written() == {"good"}


def test_hooks_that_are_due_are_run_under_the_lease() -> None:
    stale = lease("stale")
    stale.hold()
    expire_lease()
    lease("leading").hold()
    with pytest.raises(Fenced):
        OutboxStore().run_due_hooks(stale, after=0, rows=10)
