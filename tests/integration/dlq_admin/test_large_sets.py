"""100,000 dead letters of one cause: few statements, and never all of them here at once."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from dlq_admin.batch_states import ItemState
from dlq_admin.models import BatchItem, Cluster, DeadLetter, LetterLine, RedriveBatch
from dlq_admin.services import (
    LEASE,
    Pace,
    Redriver,
    batch_approve,
    batch_cancel,
    batch_give_up,
    batch_propose,
    progress_of,
)
from dlq_admin.services.moving import set_move_all
from dlq_admin.services.previewing import batch_preview
from dlq_admin.services.redriving import sending
from dlq_admin.services.sets import CLAIM
from heimdall_project.accounts.models import User
from heimdall_project.streams.lease import Lease
from heimdall_project.streams.models import RedriveOutcome, WorkerProcess
from heimdall_project.streams.ports import SystemClock
from heimdall_project.streams.testing import InMemoryBroker

from .crowd import make_cause
from .letters import assert_counted

pytestmark = pytest.mark.django_db
MANY = 100_000
MEGABYTES = 40
"""What an act may hold at a time. The letters alone, as rows with their bytes, are twice as much."""
TRANSFORM = "drop-stray-dwell/1"
_HANDLED = """
INSERT INTO streams_redriveoutcome (redrive_id, "group", status, failure_class, topic, partition, "offset")
SELECT redrive_id, 'g', 'ok', '', 't', 0, 0 FROM redrive_items WHERE state = 'PUBLISHED'
ON CONFLICT DO NOTHING
"""


_BESIDE = """
SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables
WHERE relname IN ('dead_letters', 'redrive_items')
"""


def written() -> dict[str, tuple[int, int]]:
    """Rows that this transaction wrote anew, and those of them that it wrote in no index."""
    with connection.cursor() as sql:
        sql.execute(_BESIDE)
        return {name: (rows, beside) for name, rows, beside in sql.fetchall()}


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[list[int]]:
    """The letters' ids. Made once; what a test does to them is rolled back, and they go at the end."""
    with django_db_blocker.unblock():
        make_cause(letters=MANY)
        for name in ("one", "other"):
            User.objects.create_superuser(name)
        later = timezone.now() + timedelta(days=1)
        known = {"state": "running", "host": "h", "pid": 1, "heartbeat_at": later}
        WorkerProcess.objects.create(id="w1", worker="clickhouse-writer", **known)
        yield list(DeadLetter.objects.order_by("failed_at", "pk").values_list("pk", flat=True))
        call_command("flush", verbosity=0, interactive=False)


@contextmanager
def bounded(*, statements: int) -> Iterator[None]:
    """Neither many statements, nor much in memory."""
    tracemalloc.start()
    try:
        with CaptureQueriesContext(connection) as asked:
            yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(asked) <= statements, f"{len(asked)} statements"
    assert peak <= MEGABYTES * 1_000_000, f"{peak:,} bytes"


class Empty(Exception):
    """Nothing of it was meant."""


def person(name: str) -> User:
    return User.objects.get(username=name)


def redriver_of(broker: InMemoryBroker) -> Redriver:
    producer: Any = broker.producer()
    return Redriver(lease=Lease(LEASE, duration=60.0, clock=SystemClock()), producer=producer)


def propose(ids: list[int], **more: Any) -> RedriveBatch:
    pace = Pace(canary=5, rate=10_000.0)
    return batch_propose(letter_ids=ids, actor=person("one"), reason="repaired", pace=pace, **more)


def test_they_are_looked_at_and_frozen_as_one_set(world: list[int]) -> None:
    with bounded(statements=24):
        preview = batch_preview(letter_ids=world)
        batch = propose(world, seen_hash=preview.seen_hash)
    assert preview.size == batch.size == MANY and batch.set_hash == preview.seen_hash


def test_all_of_them_are_changed_by_a_transform_piece_by_piece(world: list[int]) -> None:
    some = world[: MANY // 5]
    with bounded(statements=32):
        batch = propose(some, transform=TRANSFORM)
    changed = BatchItem.objects.filter(batch=batch, bytes__isnull=False)
    assert batch.size == changed.count() == len(some) - len(some) // 10  # every tenth is beyond repair


def test_a_table_that_the_planner_takes_for_empty_is_asked_by_its_keys_all_the_same(world: list[int]) -> None:
    some = world[: MANY // 5]
    with pytest.raises(Empty), transaction.atomic(), connection.cursor() as sql:
        sql.execute("DELETE FROM dead_letter_payloads")
        sql.execute("DELETE FROM dead_letters")
        sql.execute("ANALYZE dead_letter_payloads, dead_letters")  # what it finds outlasts the transaction
        raise Empty
    with connection.cursor() as sql:
        sql.execute("SELECT reltuples FROM pg_class WHERE oid = 'dead_letters'::regclass")
        assert sql.fetchone() == (0,)
    batch = propose(some, transform=TRANSFORM)  # a statement that reads all letters for each exceeds its time
    assert batch.size == len(some) - len(some) // 10


def test_they_are_approved_and_sent_stage_by_stage_and_given_back_by_a_cancel(world: list[int]) -> None:
    batch = propose(world)
    with bounded(statements=60):
        batch_approve(batch_id=batch.pk, actor=person("other"), reason="seen", set_hash=batch.set_hash)
    assert DeadLetter.objects.filter(state="APPROVED", batch=batch).count() == MANY
    redriver = redriver_of(InMemoryBroker())
    for under_way in (5, 995):
        with bounded(statements=60):
            redriver.step()
        assert BatchItem.objects.filter(batch=batch, state=ItemState.PUBLISHED).count() == under_way
        with connection.cursor() as sql:
            sql.execute(_HANDLED)
    with bounded(statements=60):
        batch_cancel(batch_id=batch.pk, actor=person("one"), reason="enough")
    redriver.step()
    assert progress_of(batch)._replace(forgiven=0) == (0, 0, 1000, 0, 0)
    assert DeadLetter.objects.filter(state="PENDING", batch=None).count() == MANY - 1000
    assert LetterLine.objects.filter(event="release").count() == MANY - 1000
    assert Cluster.objects.get().resolved == 1000
    assert_counted()


def test_they_are_given_up_part_by_part_and_what_is_known_of_some_stays(world: list[int]) -> None:
    some = world[: MANY // 4]
    batch = propose(some)
    batch_approve(batch_id=batch.pk, actor=person("other"), reason="seen", set_hash=batch.set_hash)
    sent = set_move_all(CLAIM, actor="redriver", batch=batch.pk)
    batch_cancel(batch_id=batch.pk, actor=person("one"), reason="their topic is gone")
    handled = BatchItem.objects.filter(batch=batch).latest("letter_id")
    place = {"topic": "t", "partition": 0, "offset": 0}
    RedriveOutcome.objects.create(redrive_id=handled.redrive_id, group="g", status="ok", **place)
    with bounded(statements=40):
        batch_give_up(batch_id=batch.pk, actor=person("one"), reason="lost")
    left = len(some) - 1
    assert sent.moved == len(some) and progress_of(batch).failed == left
    given_up = DeadLetter.objects.filter(state="FAILED_AGAIN", attempt=2, batch=None, approved_by=None)
    assert given_up.count() == LetterLine.objects.filter(event="give_up").count() == left
    assert RedriveOutcome.objects.filter(status="started", failure_class="given up").count() == left
    assert DeadLetter.objects.get(pk=handled.letter_id).state == "REPROCESSING"
    assert_counted()


def test_what_is_published_is_marked_in_no_index(world: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    batch = propose(world[:500])
    batch_approve(batch_id=batch.pk, actor=person("other"), reason="seen", set_hash=batch.set_hash)
    seen: dict[str, dict[str, tuple[int, int]]] = {}
    monkeypatch.setattr(sending, "crash_point", lambda name: seen.update({name: written()}))
    redriver_of(InMemoryBroker()).step()
    before, after = seen["dlq.after_publish"], seen["dlq.after_mark"]
    for table in ("dead_letters", "redrive_items"):
        rows, beside = (now - then for now, then in zip(after[table], before[table], strict=True))
        assert rows == beside == 5, table
