"""A worker killed at each point between handling and commit."""

import pytest

from .world import World, ended

KILLED = 137
QUICK = {"KAFKA_SESSION_TIMEOUT": "2", "DEBUG": "true"}
"""The group waits so long for a member that was killed; crash points are refused elsewhere."""


@pytest.mark.parametrize("point", ["runner.after_handle", "runner.after_ledger"])
def test_a_worker_killed_between_handling_and_commit_loses_nothing_and_counts_nothing_twice(
    world: World, point: str
) -> None:
    names = world.fill(300)
    with world.run("probe-record", HEIMDALL_CRASH_AT=f"{point}:2", **QUICK) as first:
        ended(first, KILLED)
    assert not world.is_through("probe-record")
    with world.run("probe-record", **QUICK):
        world.await_through("probe-record")
    assert world.stored("probe-record") == set(names)
    assert world.ledger("probe-record") == {"stored": 300}
    world.assert_balanced("probe-record")
