"""A worker killed at each point between handling and commit."""

import pytest

from heimdall_project.streams import redrive

from .world import TOPIC, World, ended, repeats, said

WORKER, OTHER = "probe-record", "probe-other"
KILLED = 137
QUICK = {"KAFKA_SESSION_TIMEOUT": "2", "DEBUG": "true"}
"""The group waits so long for a member that was killed; crash points are refused where DEBUG is off."""


def kill_at(world: World, point: str) -> None:
    """Run the worker until it is killed there."""
    with world.run(WORKER, HEIMDALL_CRASH_AT=point, **QUICK) as first:
        ended(first, KILLED)


def go_on(world: World, *workers: str) -> None:
    """Run workers until they are through."""
    with world.run(*workers, **QUICK):
        for worker in workers:
            world.await_through(worker)


@pytest.mark.parametrize("point", ["runner.after_handle:2", "runner.after_ledger:2"])
def test_a_worker_killed_between_handling_and_commit_loses_nothing_and_counts_nothing_twice(
    world: World, point: str
) -> None:
    names = world.fill(300)
    kill_at(world, point)
    assert not world.is_through(WORKER)
    go_on(world, WORKER)
    assert world.stored(WORKER) == set(names)
    assert world.ledger(WORKER) == {"stored": 300}
    world.assert_balanced(WORKER)


def test_a_worker_killed_after_a_dead_letter_writes_it_again_with_identical_bytes(world: World) -> None:
    names = world.fill(30)
    broken = world.produce(b"\xff\x00 broken", headers=[("event_id", b"e1"), ("event_id", b"e2")])
    kill_at(world, "runner.after_dead_letter")
    go_on(world, WORKER)
    letters = world.dead_letters()
    assert len(letters) >= 2
    assert {(letter.key, letter.value) for letter in letters} == {(broken.key, broken.value)}
    assert {said(letter)["original_offset"] for letter in letters} == {str(broken.offset)}
    assert world.stored(WORKER) == set(names)
    assert world.ledger(WORKER) == {"stored": 30, "dead_lettered": 1}
    world.assert_balanced(WORKER)


def redriven(world: World, *, group: str, copies: int) -> None:
    """Publish a redrive of one note so many times."""
    value = b'{"id":"again"}'
    marks = redrive.marks(topic=TOPIC, key=b"key", value=value, redrive_id="r1", group=group, count=1)
    for _ in range(copies):
        world.produce(value, headers=marks)


def outcomes(world: World) -> list[tuple[str, str]]:
    return [(r, s) for r, s in world.ask("SELECT redrive_id, status FROM streams_redriveoutcome")]


def test_a_redrive_reaches_only_its_group_and_is_handled_once_though_it_is_published_thrice(
    world: World,
) -> None:
    redriven(world, group=world.group(WORKER), copies=3)
    kill_at(world, "runner.after_ledger")
    go_on(world, WORKER, OTHER)
    assert (world.calls(WORKER), world.calls(OTHER)) == (["again"], [])
    assert outcomes(world) == [("r1", "ok")]
    assert world.ledger(WORKER) == {"stored": 1, "duplicate": 2}
    assert world.ledger(OTHER) == {"redrive_for_other_group": 3}


def test_a_worker_killed_before_it_wrote_the_outcome_of_a_redrive_repeats_it_once(world: World) -> None:
    redriven(world, group=world.group(WORKER), copies=3)
    kill_at(world, "runner.before_redrive_outcome")
    assert outcomes(world) == []
    go_on(world, WORKER)
    assert repeats(world.calls(WORKER)) == {"again": 2}
    assert outcomes(world) == [("r1", "ok")]
    assert world.ledger(WORKER) == {"stored": 1, "duplicate": 2}


def test_a_forged_redrive_is_an_ordinary_record_to_every_group(world: World) -> None:
    marks = redrive.marks(
        topic=TOPIC, key=b"key", value=b'{"id":"other"}', redrive_id="r1", group=world.group(OTHER), count=1
    )
    world.produce(b'{"id":"forged"}', headers=marks)
    go_on(world, WORKER, OTHER)
    assert (world.stored(WORKER), world.stored(OTHER)) == ({"forged"}, {"forged"})
    assert outcomes(world) == []
