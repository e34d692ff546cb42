"""The cleanup is killed, held up and run twice, on real processes: a letter goes whole, or not at all, and
the audit trail tells at any time how many are gone."""

from collections import Counter
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone

from dlq_admin.models import Cluster, DeadLetter, LetterLine, LetterPayload
from dlq_admin.services import letters_index
from dlq_admin.services.moving import set_counted, set_move
from dlq_admin.services.sets import DISCARD
from heimdall_project.accounts.models import AuditEvent
from tests.integration.dlq_admin.letters import Letters, assert_counted
from tests.probe_workers.harness import eventually

from .test_dead_letters_redriven import KILLED, QUICK
from .world import World, ended

CLEANUP = "dlq-cleanup"
OLD, YOUNG = 1500, 3
OFTEN = {"DLQ_CLEANUP_INTERVAL": "1", **QUICK}


@pytest.fixture
def old(world: World) -> None:
    """Letters that are closed and past their retention, and a few that are neither."""
    letters = Letters()
    letters_index(records=[letters.failed(b"%d" % number) for number in range(OLD + YOUNG)])
    ids = list(DeadLetter.objects.order_by("pk").values_list("pk", flat=True)[:OLD])
    with transaction.atomic():
        set_counted(DISCARD.target, set_move(DISCARD, actor="omar", letters=ids, attempt=1))
    DeadLetter.objects.update(moved_at=timezone.now() - timedelta(days=1000))


def assert_whole(left: int) -> None:
    """So many letters are left, each with its bytes, its history and its count."""
    assert DeadLetter.objects.count() == LetterPayload.objects.count() == left
    lines = Counter(LetterLine.objects.values_list("event", flat=True))
    assert lines == +Counter(indexed=left, discard=left - YOUNG)
    assert Cluster.objects.get().sample is not None
    assert_counted()


def taken() -> list[int | None]:
    """How many letters each part of a cleanup says that it took; None: it did not come to say so.

    Without those that failed: a slow machine waits for the lock until the database has enough of it.
    """
    intents = AuditEvent.objects.filter(action="dlq.cleanup", kind="intent").exclude(outcome__result="failed")
    outcomes = [getattr(intent, "outcome", None) for intent in intents.order_by("id")]
    return [outcome.detail["rows"] if outcome else None for outcome in outcomes]


def told() -> int:
    """How many letters are gone by the audit trail."""
    return sum(filter(None, taken()))


def waits_for_a_lock() -> bool:
    with connection.cursor() as sql:
        sql.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool(sql.fetchone()[0])


def test_a_cleanup_that_is_killed_took_letters_as_a_whole_and_two_at_once_do_the_rest(
    world: World, old: None
) -> None:
    with world.run(CLEANUP, HEIMDALL_CRASH_AT="dlq.after_cleanup", **OFTEN) as first:
        ended(first, KILLED)
    assert_whole(OLD - 1000 + YOUNG)
    assert taken() == [1000]

    with psycopg.connect(world.database) as holder:  # it waits in the middle of its transaction
        holder.execute("SELECT 1 FROM dead_letter_clusters FOR UPDATE")
        with world.run(CLEANUP, **OFTEN) as second:
            eventually(waits_for_a_lock, "the cleanup under way")
            with world.run(CLEANUP, **OFTEN):  # another one passes by what is being deleted
                eventually(lambda: 0 in taken(), "the other cleanup")
                second.process.kill()
                second.exit_code()
                assert_whole(OLD - 1000 + YOUNG)
                assert told() == 1000
                holder.rollback()
                with world.run(CLEANUP, **OFTEN):
                    eventually(lambda: DeadLetter.objects.count() == YOUNG, "the rest")
                eventually(lambda: told() == OLD, "the number of each part")
    assert_whole(YOUNG)
    assert taken().count(None) <= 1, "only what was killed before it took any does not tell"
