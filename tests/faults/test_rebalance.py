"""Partitions that change hands while work is in hand."""

import signal

import pytest

from tests.probe_workers.harness import eventually

from .guests import Guests, guests
from .load import load
from .world import World, ended, repeats

WORKER = "probe-record"
SHAPES = ("probe-batch", "probe-crowd")
"""The other shapes."""
LIVELY = {"KAFKA_SESSION_TIMEOUT": "3"}
"""Members hear of a rebalance with their next heartbeat, three a session."""


def enough(seen: Guests, visits: int) -> None:
    eventually(lambda: seen.visits >= visits, f"{visits} visits")


@pytest.mark.parametrize("worker", [WORKER, *(pytest.param(each, marks=pytest.mark.slow) for each in SHAPES)])
def test_members_that_join_and_leave_every_second_cost_neither_records_nor_repeats(
    world: World, worker: str
) -> None:
    with world.run(worker, **LIVELY) as one, world.run(worker, **LIVELY) as two:
        one.wait_for_line("partitions_assigned")
        two.wait_for_line("partitions_assigned")
        with load(world) as told, guests(world, worker) as seen:
            enough(seen, 5)
            two.send(signal.SIGTERM)
            ended(two, 0)
            enough(seen, seen.visits + 2)
        world.await_through(worker)
    assert world.stored(worker) == set(told.acked)
    assert repeats(world.calls(worker)) == {}
    world.assert_balanced(worker)
    assert trespasses(world, seen) == []


def trespasses(world: World, seen: Guests) -> list[tuple[str, int]]:
    """Calls that came to their end while the partition was a guest's."""
    calls = world.ask("SELECT id, partition, extract(epoch FROM at)::float8 FROM probe_call")
    return [
        (name, number)
        for name, number, at in calls
        for place, since, until in seen.stays
        if place == number and since <= at <= until
    ]


def test_a_revoked_partition_is_finished_and_committed_before_it_is_released(world: World) -> None:
    for number in range(30):
        world.note(f"n{number}", key=f"key{number}".encode())
    held = world.note("held", "hold", key=b"held")
    with world.run(WORKER, **LIVELY) as one:
        one.wait_for("holding-held")
        with world.run(WORKER, **LIVELY) as two:
            two.wait_for_line("partitions_assigned")
            one.leave("go")
            world.await_through(WORKER)
    assert world.calls(WORKER).count("held") == 1
    assert repeats(world.calls(WORKER)) == {}
    assert held.partition in {place.number for place in world.cursors(WORKER)}
    world.assert_balanced(WORKER)


def test_a_worker_frozen_past_its_session_commits_nothing_stale_when_it_wakes(world: World) -> None:
    names = world.fill(200)
    world.note("held", "hold")
    with world.run(WORKER) as sleeper:
        sleeper.wait_for("holding-held")
        sleeper.send(signal.SIGSTOP)
        with world.run(WORKER) as heir:
            heir.leave("go")
            world.await_through(WORKER)
            names += world.fill(200, "later")
            world.await_through(WORKER)
            before = world.committed(WORKER)
            sleeper.leave("go")
            sleeper.send(signal.SIGCONT)
            sleeper.wait_for_line("partitions_lost")
            names += world.fill(200, "again")
            world.await_through(WORKER)
            assert all(world.committed(WORKER)[place] >= offset for place, offset in before.items())
            for process in (sleeper, heir):
                process.send(signal.SIGTERM)
                ended(process, 0)
    assert world.stored(WORKER) == {*names, "held"}
    world.assert_balanced(WORKER)
