"""The relay as a process: killed at every step, frozen past its lease, replaced, stopped."""

from pathlib import Path
from threading import Event
from time import sleep

import pytest
from django.db import connection

from heimdall_project.observability.crash import EXIT_CODE
from heimdall_project.streams.models import OutboxMessage
from tests.integration.outbox.conftest import own_prefix, own_topics
from tests.integration.outbox.world import (
    beside,
    first_occurrences,
    lock_waiters,
    open_transaction,
    unsent,
    until,
    values,
    write,
)

from .relays import relay_process

__all__ = ["own_prefix", "own_topics"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_topics")]
KEYS = ("a", "b", "c")
NAMES = [f"n{number}" for number in range(20)]


def write_all(names: list[str] = NAMES) -> None:
    """The same names under every key, as `key-name`."""
    for name in names:
        for key in KEYS:
            write(f"{key}-{name}", key=key)


def of_key(key: str, names: list[str] = NAMES) -> list[str]:
    return [f"{key}-{name}" for name in names]


def drained() -> bool:
    return unsent() == []


@pytest.mark.parametrize("crash_at", ["relay.after_select", "relay.after_delivery", "relay.after_mark"])
def test_a_relay_killed_at_any_step_loses_nothing_and_reorders_nothing(tmp_path: Path, crash_at: str) -> None:
    write_all()
    with relay_process(tmp_path, crash_at=crash_at) as killed:
        assert killed.wait() == EXIT_CODE
    with relay_process(tmp_path):
        until(drained)
    arrived = values()
    for key in KEYS:
        assert first_occurrences([name for name in arrived if name[0] == key]) == of_key(key)


def test_a_relay_killed_between_delivery_and_mark_repeats_with_the_same_event_ids(tmp_path: Path) -> None:
    write(*NAMES)
    with relay_process(tmp_path, crash_at="relay.after_delivery") as killed:
        killed.wait()
    assert unsent() == NAMES
    with relay_process(tmp_path):
        until(drained)
    assert values() == NAMES + NAMES


def test_a_relay_frozen_past_its_lease_and_woken_harms_nothing(tmp_path: Path) -> None:
    written: list[str] = []
    stop = Event()

    def keep_writing() -> None:
        while not stop.is_set():
            name = str(len(written))
            write_all([name])
            written.append(name)
            sleep(0.002)

    with relay_process(tmp_path) as first, relay_process(tmp_path) as second, beside(keep_writing):
        until(lambda: (first.leads or second.leads) and not drained())
        leading, other = (first, second) if first.leads else (second, first)
        until(lambda: OutboxMessage.objects.exclude(sent_at=None).exists())
        leading.freeze()
        until(lambda: other.leads)
        leading.thaw()
        mark = len(written)
        until(lambda: len(written) > mark + 100)
        stop.set()
        until(drained)
        assert leading.is_alive
    arrived = values()
    for key in KEYS:
        assert first_occurrences([name for name in arrived if name[0] == key]) == of_key(key, written)


def test_a_relay_frozen_while_it_marks_is_replaced_and_marks_nothing_later(tmp_path: Path) -> None:
    write(*NAMES)
    with relay_process(tmp_path) as frozen:
        with open_transaction(lambda: OutboxMessage.objects.select_for_update().get(event_id=NAMES[-1])):
            until(lambda: lock_waiters() == 1)
            frozen.freeze()
        with relay_process(tmp_path) as other:
            until(lambda: other.leads and drained())
            frozen.thaw()
            write("last")
            until(drained)
            assert frozen.is_alive
    assert first_occurrences(values()) == [*NAMES, "last"]


def test_a_relay_that_is_asked_to_stop_hands_over_and_ends_well(tmp_path: Path) -> None:
    with relay_process(tmp_path) as first:
        until(lambda: first.leads)
        with relay_process(tmp_path) as second:
            write(*NAMES)
            assert first.stop() == 0
            until(lambda: second.leads)
            write("last")
            until(drained)
    assert values() == [*NAMES, "last"]


def test_a_relay_whose_database_sessions_are_ended_opens_others_and_goes_on(tmp_path: Path) -> None:
    with relay_process(tmp_path) as relay:
        until(lambda: relay.leads)
        for name in NAMES:
            write(name)
            if name in NAMES[::7]:
                end_other_sessions()
        until(drained)
        assert relay.is_alive
    assert first_occurrences(values()) == NAMES


def end_other_sessions() -> None:
    """As a database that restarts would."""
    with connection.cursor() as sql:
        sql.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
