"""Dead letters as the runtime writes them, and what they become."""

from collections import Counter
from itertools import count
from typing import Any

from dlq_admin.models import Cluster, DeadLetter, LetterPayload
from dlq_admin.services import Indexed, letters_index
from dlq_admin.states import State
from heimdall_project.errors import InvalidMessage
from heimdall_project.streams import redrive
from heimdall_project.streams.dead_letters import Failure, build
from heimdall_project.streams.records import Headers, Record

NOON = 1_795_262_400_000
TOPIC, DEAD, GROUP = "analysis.request", "dlq.failed", "heimdall.analysis-worker"


class Letters:
    """A dead-letter topic that grows."""

    def __init__(self) -> None:
        self._offsets, self._places = count(), count()

    def raw(
        self,
        value: bytes | None,
        headers: Headers | None = None,
        *,
        key: bytes | None = b"k",
        topic: str = DEAD,
    ) -> Record:
        """A record of the dead-letter topic, of anybody."""
        offset = next(self._offsets)
        return Record(topic, 0, offset, NOON + 1000 * offset, key, value, headers)

    def failed(
        self,
        value: bytes | None = b"{}",
        *,
        offset: int | None = None,
        error: Exception | None = None,
        headers: Headers | None = None,
        key: bytes | None = b"k",
        group: str = GROUP,
        topic: str = TOPIC,
        dead: str = DEAD,
    ) -> Record:
        """The dead letter of a record that one of our workers could not process."""
        place = next(self._places) if offset is None else offset
        record = Record(topic, 0, place, NOON, key, value, headers)
        failure = Failure(record, error or InvalidMessage("not JSON"), 1, NOON / 1000)
        made = build(failure, worker=group.removeprefix("heimdall."), group=group)
        return self.raw(made.value, made.headers, key=made.key, topic=dead)

    def failed_again(self, row: DeadLetter, *, offset: int = 1000, **more: Any) -> Record:
        """The dead letter of that row's record, sent again by its redrive."""
        value, key = bytes(row.payload.value or b""), bytes(row.payload.key or b"")
        marks = redrive.marks(
            topic=row.topic,
            key=key,
            value=value,
            redrive_id=row.redrive_id,
            group=row.group,
            count=row.attempt,
        )
        return self.failed(
            value, key=key, offset=offset, headers=marks, topic=row.topic, group=row.group, **more
        )


def value_of(payload: LetterPayload) -> bytes:
    """The bytes of a letter that has some."""
    return bytes(payload.value or b"")


def index(*records: Record) -> list[Indexed]:
    """Index these together, and see that counters and rows agree."""
    answers = letters_index(records=records)
    assert_counted()
    return answers


def send_again(row: DeadLetter, redrive_id: str = "r-1", state: State = State.PUBLISHED) -> DeadLetter:
    """The row as if its record had been sent again."""
    column = State(row.state).value.lower()
    DeadLetter.objects.filter(pk=row.pk).update(state=state, redrive_id=redrive_id)
    cluster = Cluster.objects.get(pk=row.cluster_id)
    setattr(cluster, column, getattr(cluster, column) - 1)
    setattr(cluster, state.lower(), getattr(cluster, state.lower()) + 1)
    cluster.save()
    row.refresh_from_db()
    return row


def assert_counted() -> None:
    """The counters of every cluster are what its letters say."""
    said = {
        (cluster.pk, state.value): number
        for cluster in Cluster.objects.all()
        for state in State
        if (number := getattr(cluster, state.value.lower()))
    }
    assert said == dict(Counter(DeadLetter.objects.values_list("cluster", "state")))
