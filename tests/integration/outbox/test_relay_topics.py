"""A topic that is missing, beside one that is there."""

import pytest

from heimdall_project.streams import broker, topics
from heimdall_project.streams.models import OutboxMessage
from heimdall_project.streams.topics import Topic

from .world import GO_ON, read, relay, unsent, until, values, write

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.usefixtures("own_prefix")
def test_events_of_a_missing_topic_wait_for_it_and_hold_up_no_other() -> None:
    present, missing = Topic.ANALYSIS_REQUEST, Topic.CATALOG_UPSERTS
    broker.admin().create([topics.spec(present)])
    stuck = [f"stuck-{number}" for number in range(30)]
    for name in stuck:
        write(name, key=name, topic=missing)
    write("one", "two", topic=present)
    leading = relay(batch=30)
    until(lambda: unsent() == stuck, doing=lambda: leading.step(GO_ON))
    broker.admin().create([topics.spec(missing)])
    until(lambda: unsent() == [], doing=lambda: leading.step(GO_ON))
    assert values(present) == ["one", "two"]
    # At once: what is acknowledged is there for every reader, at the place that its row names.
    there = {(each.partition, each.offset): (each.value or b"").decode() for each in read(missing)}
    rows = OutboxMessage.objects.filter(topic=missing)
    assert there == {(row.partition, row.offset): row.event_id for row in rows}
    broker.admin().delete([present, missing])
