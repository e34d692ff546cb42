"""The worker registry on a real database: reports written, orders read, silence noticed."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection
from django.db.models.functions import Now

from heimdall_project.errors import TransientError
from heimdall_project.streams import worker_registry
from heimdall_project.streams.holding import Hold
from heimdall_project.streams.models import ConsumerControl, SkipRequest, WorkerProcess
from heimdall_project.streams.orders import NO_ORDERS, Beat, Orders
from heimdall_project.streams.worker_registry import HeartbeatThread, Registration
from tests.probe_workers.harness import eventually

State = WorkerProcess.State
RUNNING = Beat(state=State.RUNNING)
pytestmark = pytest.mark.django_db


def silent_for(registration: Registration, silence: timedelta) -> None:
    WorkerProcess.objects.filter(pk=registration.id).update(heartbeat_at=Now() - silence)


def test_a_beat_writes_what_the_process_says() -> None:
    registration = Registration("writer", group="heimdall.writer")
    registration.beat(Beat(state=State.STARTING))
    registration.beat(
        Beat(state=State.RUNNING, partitions=("a[0]", "a[1]"), lag_records=7, in_hand=3, last_commit_at=1e9)
    )
    row = WorkerProcess.objects.get()
    assert (row.worker, row.group, row.state, row.lag_records, row.in_hand) == (
        "writer",
        "heimdall.writer",
        "running",
        7,
        3,
    )
    assert row.partitions == ["a[0]", "a[1]"] and row.last_commit_at


def test_without_orders_there_are_none() -> None:
    assert Registration("writer").beat(RUNNING) == NO_ORDERS


def test_a_beat_brings_the_orders_of_its_own_worker() -> None:
    ConsumerControl.objects.create(worker="writer", paused=True, pause_reason="maintenance")
    ConsumerControl.objects.create(worker="other")
    place = {"topic": "log-events", "partition": 2}
    for worker, offset in (("writer", 41), ("other", 42)):
        SkipRequest.objects.create(worker=worker, offset=offset, **place)
    SkipRequest.objects.create(worker="writer", offset=43, applied_at=Now(), **place)
    orders = Registration("writer").beat(RUNNING)
    assert orders == Orders(paused=True, pause_reason="maintenance", skips=frozenset({("log-events", 2, 41)}))


def test_an_override_lets_floods_through_until_its_end() -> None:
    ConsumerControl.objects.create(worker="writer", flood_override_until=Now() + timedelta(minutes=5))
    orders = Registration("writer").beat(RUNNING)
    assert orders.flood_override_until is not None
    assert orders.lets_floods_through(orders.flood_override_until - 1)
    assert not orders.lets_floods_through(orders.flood_override_until)


def test_one_statement_does_it_all(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        Registration("writer").beat(RUNNING)


def test_a_killed_process_reads_as_lost() -> None:
    registration = Registration("writer")
    registration.beat(RUNNING)
    assert worker_registry.alive().count() == 1
    silent_for(registration, worker_registry.stale_after() * 2)
    assert worker_registry.alive().count() == 0
    assert worker_registry.states() == {"writer": "lost"}


def test_a_successor_says_of_a_killed_process_that_it_is_gone() -> None:
    for worker in ("writer", "other"):
        Registration(worker).beat(RUNNING)
    WorkerProcess.objects.update(pid=2**22 + 1)  # above every process id of this machine
    assert worker_registry.retire("writer") == 1
    assert worker_registry.states() == {"writer": "failed", "other": "running"}


def test_states_tell_the_latest_and_how_many_run() -> None:
    ended = Registration("writer")
    ended.beat(Beat(state=State.FAILED))
    silent_for(ended, timedelta(hours=1))
    for _ in range(2):
        Registration("writer").beat(RUNNING)
    assert worker_registry.states() == {"writer": "running (2 processes)"}
    assert (row := worker_registry.latest("writer")) and row.state == State.RUNNING


def test_rows_nobody_wrote_for_a_week_are_pruned() -> None:
    old, new = Registration("old"), Registration("new")
    for registration in (old, new):
        registration.beat(RUNNING)
    silent_for(old, timedelta(days=8))
    assert worker_registry.prune() == 1
    assert WorkerProcess.objects.get().worker == "new"


def test_a_row_that_was_pruned_comes_back_with_the_next_beat() -> None:
    registration = Registration("writer")
    registration.beat(RUNNING)
    WorkerProcess.objects.all().delete()
    registration.beat(RUNNING)
    assert WorkerProcess.objects.get().worker == "writer"


def test_a_held_worker_stays_halted_and_fresh_until_it_is_ordered_to_start() -> None:
    halted = Registration("writer")
    halted.beat(Beat(state=State.HALTED, reason="a flood"))
    silent_for(halted, timedelta(minutes=10))
    hold = Hold("writer", WorkerProcess.objects.get().pid)
    assert not hold.check()
    row = worker_registry.fresh().get()
    assert (row.pk, row.state, row.reason) == (halted.id, State.HALTED, "a flood")
    ConsumerControl.objects.create(worker="writer", start_requested_at=Now())
    assert hold.check()


def test_an_order_from_before_the_halt_does_not_start_the_worker() -> None:
    ConsumerControl.objects.create(worker="writer", start_requested_at=Now() - timedelta(minutes=1))
    halted = Registration("writer")
    halted.beat(Beat(state=State.HALTED))
    assert not Hold("writer", WorkerProcess.objects.get().pid).check()


def test_a_process_that_could_not_write_its_halt_is_shown_all_the_same() -> None:
    assert not Hold("writer", 4711).check()
    row = WorkerProcess.objects.get()
    assert (row.worker, row.state) == ("writer", State.HALTED)


@pytest.mark.django_db(transaction=True)
def test_the_heartbeat_thread_reports_obeys_and_says_a_last_word() -> None:
    beats = HeartbeatThread(Registration("writer"), lambda: RUNNING, interval=0.01)
    beats.start()
    eventually(lambda: worker_registry.alive().exists())
    ConsumerControl.objects.create(worker="writer", paused=True)
    eventually(lambda: beats.orders.paused)
    beats.stop(Beat(state=State.STOPPED, reason="asked"))
    assert WorkerProcess.objects.get().state == State.STOPPED


@pytest.mark.django_db(transaction=True)
def test_a_heartbeat_that_never_began_still_says_its_last_word() -> None:
    HeartbeatThread(Registration("writer"), lambda: RUNNING).stop(Beat(state=State.FAILED, reason="at once"))
    assert WorkerProcess.objects.get().reason == "at once"


class Unsteady(Registration):
    """Loses its database for a while."""

    failures: list[Exception]

    def beat(self, beat: Beat) -> Orders:
        if self.failures:
            raise self.failures.pop()
        return super().beat(beat)


@pytest.mark.django_db(transaction=True)
def test_a_lost_database_keeps_the_last_orders_and_the_thread_alive() -> None:
    registration = Unsteady("writer")
    registration.failures = [
        TransientError("postgresql"),
        RuntimeError("worse"),
        TransientError("postgresql"),
    ]
    beats = HeartbeatThread(registration, lambda: RUNNING, interval=0.01)
    beats.orders = Orders(paused=True)
    beats.start()
    eventually(lambda: not registration.failures and worker_registry.alive().exists())
    beats.stop(RUNNING)
    assert beats.orders == NO_ORDERS


@pytest.mark.django_db(transaction=True)
def test_a_beat_on_a_connection_that_broke_is_transient() -> None:
    registration = Registration("writer")
    registration.beat(RUNNING)
    with connection.cursor() as sql:
        sql.execute("SELECT pg_backend_pid()")
        [pid] = sql.fetchone()

    def kill() -> None:
        with connection.cursor() as sql:
            sql.execute("SELECT pg_terminate_backend(%s)", [pid])
        connection.close()

    killer = Thread(target=kill)
    killer.start()
    killer.join()
    with pytest.raises(TransientError):
        registration.beat(RUNNING)
    connection.close()
