"""When everything is invalid, it is not the records that are wrong."""

import signal

from heimdall_project.accounts.models import AuditEvent
from heimdall_project.streams.exit_codes import ExitCode
from heimdall_project.streams.models import WorkerProcess
from heimdall_project.streams.topics import Topic
from tests.people import People
from tests.probe_workers.harness import eventually

from .world import World, ended, said

WORKER = "probe-record"


def flood(world: World, count: int) -> None:
    for number in range(count):
        world.produce(b"broken", key=b"%d" % number)


def test_a_flood_stops_the_worker_on_purpose_with_offsets_unmoved_and_nothing_dead_lettered(
    world: World,
) -> None:
    flood(world, 30)
    with world.run(WORKER) as process:
        ended(process, ExitCode.ON_PURPOSE)
    state, reason = world.registry(WORKER)
    assert state == WorkerProcess.State.HALTED
    assert "records of this assignment are all invalid" in reason
    assert world.committed(WORKER) == {}
    assert (world.dead_letters(), world.ledger(WORKER)) == ([], {})


def test_a_flood_is_not_forgotten_when_the_worker_is_started_again(world: World) -> None:
    flood(world, 30)
    for _ in range(2):
        with world.run(WORKER) as process:
            ended(process, ExitCode.ON_PURPOSE)
    assert (world.dead_letters(), world.committed(WORKER)) == ([], {})


def test_a_worker_left_down_by_a_flood_goes_on_by_audited_order_and_lets_it_through(
    world: World, people: People
) -> None:
    world.create(Topic.PAGE_VIEWS)
    flood(world, 30)
    with world.run(WORKER, "probe-stuck") as supervisor:
        supervisor.wait_for_line("worker_held", worker=WORKER)
        assert not supervisor.lines("worker_restart", worker=WORKER)
        eventually(lambda: world.registry(WORKER)[0] == WorkerProcess.State.HALTED)
        world.manage("consumer", "override", WORKER, "--user", people.ada.username, "--reason", "known")
        world.manage("consumer", "start", WORKER, "--user", people.ada.username, "--reason", "let through")
        world.await_through(WORKER)
        supervisor.send(signal.SIGTERM)
        ended(supervisor, ExitCode.DONE)
    assert [said(letter)["disposition"] for letter in world.dead_letters()] == ["poison"] * 30
    assert world.ledger(WORKER) == {"dead_lettered": 30}
    assert AuditEvent.objects.filter(actor="ada", target=WORKER).count() == 4, "intent and outcome, twice"
