"""The outbox as the relay sees it: selecting, marking, purging."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models.functions import Now
from pytest import MonkeyPatch

from heimdall_project.errors import Fenced
from heimdall_project.streams import outbox, outbox_store
from heimdall_project.streams.models import OutboxMessage
from heimdall_project.streams.outbox_store import OutboxStore, waiting_query
from heimdall_project.streams.records import Delivered
from heimdall_project.streams.relay_holds import Held, Key
from heimdall_project.streams.testing import InMemoryBroker
from heimdall_project.streams.topics import Topic

from .world import (
    GO_ON,
    NOTHING_HELD,
    SCHEMA,
    expire_lease,
    lease,
    open_transaction,
    relay,
    unsent,
    waiting,
    write,
)

pytestmark = pytest.mark.django_db(transaction=True)
PLACE = Delivered(Topic.ANALYSIS_REQUEST, 2, 77)


def ids(rows: list[outbox_store.Waiting]) -> list[str]:
    return [row.event_id for row in rows]


def mark_all() -> None:
    mine = lease()
    mine.hold()
    OutboxStore().mark(mine, [(row, PLACE) for row in waiting(rows=10_000)])
    mine.release()


def publish_late() -> None:
    outbox.publish(topic=Topic.ANALYSIS_REQUEST, key="late", event=b"late", schema=SCHEMA, event_id="late")


def test_a_row_is_read_as_it_was_written() -> None:
    write("one", key="clé")
    [row] = waiting()
    assert (row.event_id, row.key) == ("one", Key(Topic.ANALYSIS_REQUEST, "clé".encode()))
    assert (row.record.value, dict(row.record.headers)["event_id"]) == (b"one", b"one")


def test_a_transaction_on_another_key_that_commits_an_early_row_late_is_not_passed_by() -> None:
    broker = InMemoryBroker()
    leading = relay(producer=broker.producer())
    with open_transaction(publish_late) as commit:
        write("early")
        leading.step(GO_ON)
        assert unsent() == []
        commit.set()
    assert unsent() == ["late"]
    leading.step(GO_ON)
    assert [record.value for record in broker.records(Topic.ANALYSIS_REQUEST)] == [b"early", b"late"]


def test_a_batch_is_cut_by_rows_and_by_bytes_but_never_to_nothing() -> None:
    for name in ("aaaa", "bbbb", "cccc"):
        write(name)
    assert ids(waiting(rows=2)) == ["aaaa", "bbbb"]
    assert ids(waiting(most_bytes=8)) == ["aaaa", "bbbb"]
    assert ids(waiting(most_bytes=5)) == ["aaaa", "bbbb"], "the last row may go beyond"
    assert ids(waiting(most_bytes=1)) == ["aaaa"]


@pytest.mark.parametrize(
    ("bounds", "more"), [({"rows": 2}, True), ({"most_bytes": 2}, True), ({"rows": 3}, False)]
)
def test_a_cut_batch_says_that_there_is_more(bounds: dict[str, int], more: bool) -> None:
    write("a", "b")
    found = OutboxStore().waiting(**{"rows": 10, "most_bytes": 100, **bounds}, held=NOTHING_HELD)
    assert found.more is more


def test_what_is_held_is_left_alone() -> None:
    write("a1", key="a")
    write("b1", key="b")
    write("other", key="a", topic=Topic.CATALOG_UPSERTS)
    key_held = Held([], [Key(Topic.ANALYSIS_REQUEST, b"a")])
    topic_held = Held([Topic.CATALOG_UPSERTS], [Key(Topic.ANALYSIS_REQUEST, b"b")])
    store = OutboxStore()
    assert ids(store.waiting(rows=9, most_bytes=99, held=key_held).rows) == ["b1", "other"]
    assert ids(store.waiting(rows=9, most_bytes=99, held=topic_held).rows) == ["a1"]


@pytest.mark.parametrize("held", [NOTHING_HELD, Held(["x"], [Key("y", b"z")])])
def test_the_partial_index_finds_the_few_unsent_rows_among_many(held: Held) -> None:
    with connection.cursor() as sql:
        sql.execute(
            "INSERT INTO streams_outboxmessage (topic, value, headers, event_id, sent_at)"
            " SELECT 't', 'v', '{}', n::text, CASE WHEN n % 1000 <> 0 THEN now() END"
            " FROM generate_series(1, 20000) AS n"
        )
        sql.execute("ANALYZE streams_outboxmessage")
        query, values = waiting_query(rows=100, most_bytes=10**7, held=held)
        sql.execute(f"EXPLAIN {query}", values)
        plan = "\n".join(line for (line,) in sql.fetchall())
    assert "Index Scan using outbox_unsent" in plan
    assert "Sort" not in plan


def test_a_marked_row_says_when_and_where_it_went() -> None:
    write("one")
    mark_all()
    row = OutboxMessage.objects.get()
    assert (row.partition, row.offset) == (PLACE.partition, PLACE.offset)
    assert row.sent_at is not None


def test_a_stale_relay_marks_nothing() -> None:
    write("one")
    stale, rows = lease("stale"), waiting()
    stale.hold()
    expire_lease()
    lease("leading").hold()
    with pytest.raises(Fenced):
        OutboxStore().mark(stale, [(row, PLACE) for row in rows])
    assert unsent() == ["one"]


def test_the_backlog_is_counted_up_to_a_bound(monkeypatch: MonkeyPatch) -> None:
    write("one", "two", "three")
    assert OutboxStore().backlog().rows == 3
    assert OutboxStore().backlog().oldest > 0
    monkeypatch.setattr(outbox_store, "BACKLOG_BOUND", 2)
    assert OutboxStore().backlog().rows == 2


def test_an_empty_outbox_has_no_backlog() -> None:
    assert OutboxStore().backlog() == (0, 0.0)


def prepare_purge() -> None:
    """Two rows sent long ago, one of which owes its hooks; one sent now; one not sent."""
    write("old", "old-with-hooks-due", "fresh")
    mark_all()
    write("unsent")
    OutboxMessage.objects.filter(event_id__startswith="old").update(sent_at="2020-01-01T00:00:00Z")
    OutboxMessage.objects.filter(event_id="old-with-hooks-due").update(hooks_due=True)
    OutboxMessage.objects.update(created_at=Now())


def test_only_old_sent_rows_without_open_hooks_are_purged() -> None:
    prepare_purge()
    assert OutboxStore().purge(older_than=3600.0, rows=100) == 1
    assert set(OutboxMessage.objects.values_list("event_id", flat=True)) == {
        "old-with-hooks-due",
        "fresh",
        "unsent",
    }


def test_the_command_looks_first_and_purges_then() -> None:
    prepare_purge()
    out = StringIO()
    call_command("purge_outbox", "--dry-run", "--older-than", "3600", stdout=out)
    assert "1 events would be deleted" in out.getvalue()
    assert OutboxMessage.objects.count() == 4
    call_command("purge_outbox", "--older-than", "3600", stdout=out)
    assert OutboxMessage.objects.count() == 3


def test_a_purge_and_a_locked_row_do_not_wait_for_each_other() -> None:
    prepare_purge()
    with open_transaction(lambda: OutboxMessage.objects.select_for_update().get(event_id="old")):
        assert OutboxStore().purge(older_than=3600.0, rows=100) == 0


def test_the_relay_purges_by_itself() -> None:
    prepare_purge()
    relay(producer=InMemoryBroker().producer()).step(GO_ON)
    assert not OutboxMessage.objects.filter(event_id="old").exists()


def test_marking_belongs_to_no_other_transaction() -> None:
    mine = lease()
    mine.hold()
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        OutboxStore().mark(mine, [])
