"""A topic that was deleted and made anew: closing the books of the one that is gone.

Its offsets mean other records now, so every worker that reads it stops on purpose. Whether that was meant,
only a person knows; who does has the books closed, and the group begins at the beginning of the new topic.
"""

from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from ..errors import Conflict
from . import broker
from .broker import TopicExtent
from .models import ConsumerCursor, LedgerEntry, SkipRequest, TopicEnd

TIMEOUT = 10.0
"""Seconds that one question to the broker may take."""


def books_close(*, worker: str, group: str, topic: str) -> dict[str, Any]:
    """Put aside what was counted of the topic that is gone, and the group at the beginning of the new one.

    Answers what was put aside. Raises Conflict where there is nothing to close, where the new topic holds no
    record yet, or while members of the group run; TransientError while the broker does not answer. If it
    fails or dies on its way, nothing is closed, and it can be said again.
    """
    extent = broker.admin().extent(topic, timeout=TIMEOUT)
    if extent is None:
        raise Conflict(f"There is no topic {topic} now.")
    gone = ConsumerCursor.objects.filter(group=group, topic=topic).exclude(topic_id__in=["", extent.topic_id])
    if not gone.exists():
        raise Conflict(f"The books of {group} are those of the topic {topic} that is there.")
    began = broker.oldest(topic, timeout=TIMEOUT)
    if began is None:
        raise Conflict(f"{topic} holds no record yet; say it again when it does.")
    _go_to_the_beginning(group, topic, extent)
    with transaction.atomic():
        closed = [_put_aside(cursor) for cursor in gone.select_for_update()]
        waived, _ = SkipRequest.objects.filter(worker=worker, topic=topic, applied_at=None).delete()
        TopicEnd.objects.create(group=group, topic=topic, began_at=datetime.fromtimestamp(began / 1000, UTC))
    return {"closed": closed, "topic_id": extent.topic_id, "skips_waived": waived}


def _go_to_the_beginning(group: str, topic: str, extent: TopicExtent) -> None:
    """The broker forgets what was committed in a topic that is deleted; a commit that was late may stand."""
    first = {number: low for number, (low, _) in extent.offsets.items()}
    if not broker.admin().commit(group, topic, first):
        raise Conflict(f"Members of {group} are still at work; stop them first.")


def _put_aside(cursor: ConsumerCursor) -> dict[str, Any]:
    name = f"{cursor.topic}@{cursor.topic_id}"
    of_it = {"group": cursor.group, "topic": cursor.topic, "partition": cursor.partition}
    LedgerEntry.objects.filter(**of_it).update(topic=name)
    ConsumerCursor.objects.filter(**of_it).update(topic=name)
    return {"partition": cursor.partition, "next_offset": cursor.next_offset, "kept_as": name}
