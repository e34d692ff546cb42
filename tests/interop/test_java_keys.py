"""Keys land on the partitions where Java producers put them, so that order per key holds across both.

The numbers come from the Java client itself (kafka-clients 4.2.0): `Utils.murmur2` of what its serializers
write, and `BuiltInPartitioner.partitionForKey` for 3 and for 6 partitions.
"""

import pytest

from heimdall_project.streams import broker
from heimdall_project.streams.records import Delivered, Outgoing
from heimdall_project.streams.topics import Topic
from tests.faults.world import World

VECTORS = [
    (b"1", -1993445489, 0, 3),
    (b"2", 648968168, 2, 2),
    (b"3", -1148165505, 2, 5),
    (b"7", -1961297549, 0, 3),
    (b"12345", -1188365604, 2, 2),
    (b"9223372036854775807", -1221667907, 0, 3),
    (b"-1", 1531782027, 0, 3),
    (b"content-42", -1346699076, 2, 2),
    (b"550e8400-e29b-41d4-a716-446655440000", 2143099391, 2, 5),
    ("주문-서비스".encode(), -1835211132, 2, 2),
    ((1).to_bytes(8, "big"), 2100486060, 0, 0),
    ((12345).to_bytes(8, "big"), 1590691725, 0, 3),
    ((2**63 - 1).to_bytes(8, "big"), -1236687672, 2, 2),
    ((-1).to_bytes(8, "big", signed=True), 185950397, 2, 5),
]


@pytest.mark.parametrize(("topic", "column"), [(Topic.ANALYSIS_REQUEST, 2), (Topic.PAGE_VIEWS, 3)])
def test_keys_land_where_the_java_client_puts_them(world: World, topic: Topic, column: int) -> None:
    world.create(topic)
    answers = broker.producer().publish([Outgoing(topic, b"v", key=vector[0]) for vector in VECTORS])
    places = [answer.partition for answer in answers if isinstance(answer, Delivered)]
    assert places == [vector[column] for vector in VECTORS]


@pytest.mark.parametrize(("key", "hashed", "of_three", "of_six"), VECTORS)
def test_the_vectors_agree_with_themselves(key: bytes, hashed: int, of_three: int, of_six: int) -> None:
    positive = hashed & 0x7FFFFFFF
    assert (positive % 3, positive % 6) == (of_three, of_six)
