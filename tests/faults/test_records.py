"""Records that nobody should send, on real servers: each becomes a dead letter, and the rest flows on."""

from random import Random

import pytest
from confluent_kafka import Producer
from django.conf import settings

from heimdall_project.streams import broker, topics
from heimdall_project.streams.broker import UNREADABLE_HEADERS
from heimdall_project.streams.records import Record

from .raw_headers import publish
from .world import DEAD, TOPIC, World, ended, said

WORKER = "probe-record"
RECORD_OVERHEAD = 100
"""Bytes that the record format takes beside key and value."""


def fate(world: World, bad: Record) -> Record:
    """The one dead letter of a record, after everything in the topic is through."""
    with world.run(WORKER):
        world.await_through(WORKER)
    [letter] = world.dead_letters()
    assert said(letter)["original_partition"] == str(bad.partition)
    assert said(letter)["original_offset"] == str(bad.offset)
    assert said(letter)["original_topic"] == TOPIC
    return letter


def largest() -> bytes:
    """A value that does not compress, as large as its topic takes."""
    return Random(1).randbytes(settings.KAFKA_MAX_RECORD_BYTES - RECORD_OVERHEAD)


VALUES = {
    "not JSON": (b"{", "poison"),
    "not UTF-8": (b'{"id":"\xff"}', "poison"),
    "nested beyond the stack": (b'{"id":"a","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "poison"),
    "of the wrong shape": (b'{"id":1}', "contract"),
    "without a value": (None, "poison"),
    "empty": (b"", "poison"),
    "refused by its handler": (b'{"id":"a","do":"poison"}', "poison"),
    "failing in its handler": (b'{"id":"a","do":"bug"}', "unexpected"),
}


def test_every_kind_of_bad_record_becomes_a_dead_letter_with_identical_bytes(world: World) -> None:
    names = world.fill(60)
    bad = {name: world.produce(value, key=name.encode()) for name, (value, _) in VALUES.items()}
    bad["without a key"] = world.produce(b"{", key=None)
    bad["with a key of any bytes"] = world.produce(b"{", key=b"\xff\x00")
    bad["largest"] = world.produce(largest())
    names += world.fill(60, "after")
    with world.run(WORKER):
        world.await_through(WORKER)
    letters = world.dead_letters()
    assert sorted((r.key or b"", r.value or b"") for r in bad.values()) == sorted(
        (r.key or b"", r.value or b"") for r in letters
    )
    by_key = {letter.key: said(letter)["disposition"] for letter in letters}
    assert {name: by_key[name.encode()] for name in VALUES} == {n: kind for n, (_, kind) in VALUES.items()}
    assert world.stored(WORKER) == set(names)
    assert world.ledger(WORKER) == {"stored": 120, "dead_lettered": len(bad)}
    world.assert_balanced(WORKER)


HEADERS: dict[str, list[tuple[str, bytes | None]]] = {
    "many": [(f"name{n}", b"%d" % n) for n in range(3000)],
    "huge": [("huge", Random(2).randbytes(900_000))],
    "odd": [("", b"no name"), ("null", None), ("empty", b""), ("bytes", b"\x00\xff"), ("ünï", b"\xc3")],
    "twice": [("event_id", b"e1"), ("event_id", b"e2"), ("schema", b"\x00" * 100), ("schema", b"s/1")],
    "long ids": [("event_id", b"e" * 100_000), ("correlation_id", b"\x00" * 100_000)],
}


@pytest.mark.parametrize("kind", HEADERS)
def test_headers_of_any_kind_reach_the_dead_letter_as_they_were(world: World, kind: str) -> None:
    world.fill(20)
    letter = fate(world, world.produce(b"broken", headers=HEADERS[kind]))
    headers = letter.headers or []
    assert headers[: len(HEADERS[kind])] == HEADERS[kind]
    ours = [name for name, _ in headers[len(HEADERS[kind]) :]]
    assert len(set(ours)) == len(ours) >= 15


def test_a_header_whose_name_is_no_text_does_not_take_the_worker_down(world: World) -> None:
    for value in (b'{"id":"good"}', b"broken"):
        publish(world.bootstrap, topics.physical(TOPIC), key=b"k", value=value, headers=[(b"\xff\xfe", b"1")])
    with world.run(WORKER):
        world.await_through(WORKER)
    assert world.stored(WORKER) == {"good"}
    [letter] = world.dead_letters()
    assert letter.value == b"broken"
    assert UNREADABLE_HEADERS in said(letter)


def test_a_record_that_is_far_larger_unpacked_than_its_topic_takes_is_passed_on_whole(world: World) -> None:
    packed = Producer(
        {"bootstrap.servers": world.bootstrap, "compression.type": "gzip", "message.max.bytes": 20_000_000}
    )
    packed.produce(topics.physical(TOPIC), b"0" * 10_000_000, key=b"key")
    assert packed.flush(10) == 0
    world.fill(20)
    with world.run(WORKER):
        world.await_through(WORKER)
    assert [letter.value for letter in world.dead_letters()] == [b"0" * 10_000_000]


def test_a_dead_letter_topic_that_is_missing_stops_the_worker_uncommitted_until_it_is_back(
    world: World,
) -> None:
    broker.admin().delete([DEAD])
    bad = world.produce(b"broken")
    names = world.fill(30)
    with world.run(WORKER, KAFKA_DELIVERY_TIMEOUT="3") as process:
        ended(process, 1)
    assert world.committed(WORKER).get(bad.place, 0) <= bad.offset
    assert "were not acknowledged" in world.registry(WORKER)[1]
    world.create(DEAD)
    assert fate(world, bad).value == b"broken"
    assert world.stored(WORKER) == set(names)
    world.assert_balanced(WORKER)
