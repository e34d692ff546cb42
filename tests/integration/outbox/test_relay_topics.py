"""A topic that is missing, beside one that is there."""

import pytest

from heimdall_project.streams import broker, topics
from heimdall_project.streams.topics import Topic

from .world import GO_ON, relay, unsent, until, values, write

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
    until(lambda: sorted(values(missing)) == sorted(stuck))  # a reader may learn of a new topic's end late
    broker.admin().delete([present, missing])
