"""Processes that are killed, frozen and woken at random while records keep coming; seeded, so repeatable."""

import os
import signal
from random import Random

import pytest

from docker.local.process import descendants
from tests.probe_workers.harness import RunConsumer, eventually

from .guests import guests
from .load import load
from .world import World

WORKER = "probe-record"
MEMBERS = {"KAFKA_SESSION_TIMEOUT": "3", "WORKER_RESTART_CEILING": "0.5"}
FAULTS = 12


def strike(supervisor: RunConsumer, draw: Random, frozen: list[int]) -> None:
    """Kill or freeze one of the supervisor's three processes, or wake one; one at least stays at work."""
    if len(frozen) == 2 or (frozen and draw.random() < 0.5):
        os.kill(frozen.pop(), signal.SIGCONT)
        return
    victim = draw.choice([pid for pid in descendants(supervisor.process.pid) if pid not in frozen])
    if draw.random() < 0.5:
        os.kill(victim, signal.SIGKILL)
    else:
        os.kill(victim, signal.SIGSTOP)
        frozen.append(victim)


def calm(world: World, supervisor: RunConsumer, frozen: list[int]) -> None:
    """Wake everybody and let them finish."""
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)
    frozen.clear()
    world.await_through(WORKER)
    assert supervisor.process.poll() is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_members_killed_frozen_and_woken_at_random_lose_nothing_and_count_once(
    world: World, seed: int
) -> None:
    draw, frozen = Random(seed), list[int]()
    with world.run(WORKER, "--processes", f"{WORKER}=3", **MEMBERS) as supervisor:
        with load(world, a_second=80) as told, guests(world, WORKER):
            for _ in range(FAULTS):
                mark = len(world.calls(WORKER)) + draw.randint(1, 80)
                eventually(lambda mark=mark: len(world.calls(WORKER)) >= mark, "work")  # type: ignore[misc]
                strike(supervisor, draw, frozen)
        calm(world, supervisor, frozen)
    assert world.stored(WORKER) == set(told.acked)
    assert world.ledger(WORKER) == {"stored": len(told.acked)}
    world.assert_balanced(WORKER)
