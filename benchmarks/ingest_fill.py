"""Page views to measure with: made from a seed, encoded beforehand, put into a topic by one process."""

import random
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from confluent_kafka import Producer as ProducerClient
from django.conf import settings

from heimdall_project.streams import broker, topics
from heimdall_project.streams.topics import Topic

TOPIC = Topic.PAGE_VIEWS
BODIES = 5_000
"""Different events but for their ids: many times what a compressor looks back on."""
_SPREAD = 0x9E3779B97F4A7C15
_MASK = 2**64 - 1
_WORDS = ("home", "search", "mail", "push", "feed", "list", "card", "banner", "deep", "link", "back", "share")


class Made(NamedTuple):
    """One event on its way to the broker."""

    key: bytes
    value: bytes
    event_id: bytes


def events(count: int, *, size: int, seed: int) -> Iterator[Made]:
    """`count` page views of `size` bytes each; ids are all different and in no order, as UUIDs are."""
    bodies = list(_bodies(size=size, seed=seed))
    for index in range(count):
        key, body = bodies[index % BODIES]
        event_id = b"%016x%016x" % (((index + 1) * _SPREAD) & _MASK, seed)
        yield Made(key, b'{"event_id":"%s",%s' % (event_id, body), event_id)


def _bodies(*, size: int, seed: int) -> Iterator[tuple[bytes, bytes]]:
    draw = random.Random(seed)
    prose = _prose(draw)
    for _ in range(BODIES):
        content = f"c-{int(draw.paretovariate(0.9)) % 100_000:06}"
        kind = draw.choices(("view", "like", "dwell"), (80, 5, 15))[0]
        event = {
            "content_id": content,
            "user_id": f"u-{draw.randrange(10**7):07}",
            "event_type": kind,
            "occurred_at": f"2026-11-20T{draw.randrange(24):02}:{draw.randrange(60):02}:"
            f"{draw.randrange(60):02}.{draw.randrange(1000):03}Z",
            **({"dwell_ms": draw.randrange(100_000)} if kind == "dwell" else {}),
            "props": {"ref": ""},
        }
        room = size - len(msgspec.json.encode(event)) - len(b'"event_id":"",') - 32
        begin = draw.randrange(len(prose) - size)
        event["props"] = {"ref": prose[begin : begin + max(room, 0)]}
        yield content.encode(), msgspec.json.encode(event)[1:]


def _prose(draw: random.Random) -> str:
    return " ".join(f"{draw.choice(_WORDS)}-{draw.randrange(1000)}" for _ in range(10_000))


def fill(count: int, *, size: int, seed: int, headers: bool) -> None:
    """Make the topic and put `count` events into it; with `headers`, those that the HTTP intake sets."""
    broker.admin().create([topics.spec(TOPIC)])
    client = ProducerClient(
        {
            "bootstrap.servers": settings.KAFKA_BOOTSTRAP_SERVERS,
            "linger.ms": 50,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 200_000,
            "partitioner": "murmur2_random",
        }
    )
    name = topics.physical(TOPIC)
    for key, value, event_id in events(count, size=size, seed=seed):
        more = {"headers": _headers(event_id)} if headers else {}
        while True:
            try:
                client.produce(name, value, key, **more)
                break
            except BufferError:
                client.poll(0.05)
    assert client.flush(60) == 0


def _headers(event_id: bytes) -> list[tuple[str, bytes]]:
    return [
        ("event_id", event_id),
        ("schema", b"events.page_view/1"),
        ("source", b"http"),
        ("correlation_id", event_id),
    ]
