"""Headers that lie, on real processes: nothing internal is written to, and nobody else's letter changes."""

from typing import Any

import pytest

from dlq_admin.consumers import DlqIndexer
from dlq_admin.models import BatchItem, DeadLetter, LetterLine
from heimdall_project.errors import InvalidMessage
from heimdall_project.streams import redrive
from heimdall_project.streams.dead_letters import Failure, build
from heimdall_project.streams.models import RedriveOutcome
from heimdall_project.streams.records import Headers, Record
from tests.integration.dlq_admin.letters import assert_counted, send_again
from tests.probe_workers.harness import eventually

from .test_dead_letters_hostile import LEASE, state_of
from .test_dead_letters_redriven import INDEXER, QUICK, REDRIVER, WORKER, approved, lettered, probe
from .world import DEAD, TOPIC, World

__all__ = ["probe"]
pytestmark = pytest.mark.usefixtures("probe")
OTHER = "probe-other"
NOON = 1_795_262_400_000
VICTIM, BESIDE = b'{"id":"victim"}', b'{"id":"beside"}'
CLAIMS: list[dict[str, bytes]] = [
    {"original_topic": b"dlq.failed"},
    {"original_topic": b"__consumer_offsets"},
    {"original_topic": b"events.page_view.v1"},
    {"original_topic": b"no.such.topic"},
    {"original_topic": b"analysis.request\0"},
    {"original_partition": b"2147483648"},
    {"original_offset": b"-1"},
    {"original_offset": b"9" * 30},
    {"original_group": b"heimdall.somebody-else"},
    {"attempts": b"9" * 40, "redrive_count": b"-5", "first_failed_at": b"in the year 10000"},
    {"redrive_id": b"r-victim", "redrive_count": b"1"},
    {"redrive_id": b"r-victim", "redrive_proof": b"\xff" * 64},
]
SPRING: Headers = [
    ("kafka_dlt-original-topic", b"__consumer_offsets"),
    ("kafka_dlt-original-partition", b"\x7f\xff\xff\xff"),
    ("kafka_dlt-original-offset", b"\xff" * 8),
    ("kafka_dlt-exception-fqcn", b"x" * 10_000),
]
CONNECT: Headers = [
    ("__connect.errors.topic", b"dlq.failed"),
    ("__connect.errors.partition", b"-3"),
    ("__connect.errors.offset", b"x"),
]


def record_of(value: bytes, offset: int) -> Record:
    return Record(TOPIC, 0, offset, NOON, b"key", value, [])


def letter(world: World, value: bytes, offset: int, **claims: bytes) -> None:
    """A dead letter that looks like one of ours, except for what it claims."""
    failure = Failure(record_of(value, offset), InvalidMessage("forged"), 1, NOON / 1000)
    made = build(failure, worker=WORKER, group=world.group(WORKER))
    headers = [(name, said) for name, said in made.headers if name not in claims]
    world.produce(value, key=b"key", headers=[*headers, *claims.items()], topic=DEAD)


def forged_letters(world: World) -> int:
    """All kinds of them; answers how many."""
    for number, claims in enumerate(CLAIMS):
        letter(world, b'{"id":"forged%d"}' % number, 1000 + number, **claims)
    group = world.group(WORKER)
    copied = [
        redrive.proof(record=record_of(BESIDE, 1), redrive_id="r-beside", group=group),
        redrive.proof(record=record_of(VICTIM, 77), redrive_id="r-victim", group=world.group(OTHER)),
        redrive.proof(record=record_of(VICTIM, 77), redrive_id="r-victim", group=group),  # of another place
    ]
    for number, proof in enumerate(copied):
        letter(world, VICTIM, 2000 + number, redrive_id=b"r-victim", redrive_proof=proof.encode())
    for headers in (SPRING, CONNECT):
        world.produce(b'{"id":"theirs"}', headers=headers, topic=DEAD)
    return len(CLAIMS) + len(copied) + 2


def forged_records(world: World) -> set[str]:
    """Records of the live topic that say they are redrives; answers their ids."""
    group = world.group(WORKER)
    of_another = redrive.marks(
        topic=TOPIC, key=b"key", value=VICTIM, redrive_id="r-victim", group=group, count=1
    )
    elsewhere = redrive.marks(
        topic=DEAD, key=b"key", value=b'{"id":"live1"}', redrive_id="r-victim", group=group, count=1
    )
    unsigned: Headers = [(name, value) for name, value in of_another if name != redrive.MAC]
    absurd: Headers = [*unsigned, (redrive.MAC, b"\xff"), (redrive.COUNT, b"9" * 40)]
    kinds = [of_another, elsewhere, unsigned, absurd, [(redrive.PROOF, b"x"), (redrive.ID, b"r-victim")]]
    for number, headers in enumerate(kinds):
        world.note(f"live{number}", headers=headers)
    return {f"live{number}" for number in range(len(kinds))}


def of_letters(ids: list[int]) -> list[dict[str, Any]]:
    """Rows of letters, and all that happened to them."""
    rows = DeadLetter.objects.filter(pk__in=ids).order_by("pk").values()
    lines = LetterLine.objects.filter(letter__in=ids).order_by("pk").values()
    return [dict(row) for row in rows] + [dict(line) for line in lines]


def test_headers_that_lie_move_no_other_letter_and_write_nowhere_that_they_may_not(world: World) -> None:
    ids = lettered(world, ["victim", "beside"])
    for row, redrive_id in zip(DeadLetter.objects.order_by("pk"), ("r-victim", "r-beside"), strict=True):
        send_again(row, redrive_id)
    before = of_letters(ids)
    lies, live = forged_letters(world), forged_records(world)
    with world.run(WORKER, OTHER, INDEXER, **QUICK):
        for worker, topic in ((WORKER, TOPIC), (OTHER, TOPIC), (INDEXER, DEAD)):
            world.await_through(worker, topic)
    assert of_letters(ids) == before and not RedriveOutcome.objects.exists()
    assert DeadLetter.objects.count() == len(ids) + lies  # each a letter of its own
    assert world.stored(WORKER) == world.stored(OTHER) == live  # each an ordinary record, to every group
    assert_counted()

    forged = list(DeadLetter.objects.exclude(pk__in=ids).order_by("pk").values_list("pk", flat=True))
    batch = approved(forged)
    sent = BatchItem.objects.filter(batch=batch)
    assert set(sent.values_list("letter__topic", "letter__group")) == {(TOPIC, world.group(WORKER))}
    ends = {topic: sum(world.ends(topic).values()) for topic in (TOPIC, *world.made)}
    with world.run(WORKER, REDRIVER, **LEASE):
        eventually(lambda: state_of(batch) == "DONE", "what may be sent of them")
    grown = {topic: sum(world.ends(topic).values()) - end for topic, end in ends.items()}
    assert {topic: more for topic, more in grown.items() if more} == {TOPIC: sent.count()}
    assert of_letters(ids) == before


def test_a_place_that_was_claimed_before_its_letter_came_is_not_lost_to_the_true_one(world: World) -> None:
    world.create(*DlqIndexer.topics())
    for number in range(50):
        letter(world, b'{"id":"forged%d"}' % number, 0, letter_proof=b"0" * 64)
    letter(world, b'{"id":"true"}', 0)
    letter(world, b'{"id":"true"}', 0)  # its worker was killed behind it, and wrote it again
    with world.run(INDEXER, **QUICK):
        world.await_through(INDEXER, DEAD)
    rows = DeadLetter.objects.filter(topic=TOPIC, partition=0, offset=0, contested=True)
    assert rows.count() == DeadLetter.objects.count() == 51 and rows.filter(proven=True).count() == 1
    batch = approved(list(rows.values_list("pk", flat=True)))
    with world.run(WORKER, REDRIVER, **LEASE):
        eventually(lambda: state_of(batch) == "DONE", "the one that is proved to be true")
    assert world.stored(WORKER) == {"true"}
    assert rows.get(state="RESOLVED").proven and rows.filter(state="PENDING").count() == 50
