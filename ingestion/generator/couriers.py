"""How records leave: to Kafka through the broker package, beside the thread that makes them."""

from collections.abc import Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Protocol

from heimdall_project.errors import DeliveryFailed
from heimdall_project.events.page_views import SCHEMA
from heimdall_project.streams.ports import Producer
from heimdall_project.streams.records import Headers, Outgoing

from .blocks import Made
from .running import Answer
from .truth import Fate

GENERATED = "generated"
"""Header of generated records, `<run>:<fault>`; dead letters keep it, so the checker knows their class."""
GIVE_UP = 120.0
"""Seconds for which records are sent again while nobody acknowledges them."""


class Sink(Protocol):
    """Where records go."""

    def send(self, records: Sequence[Made]) -> Answer:
        """Send these in order and wait for what becomes of them."""
        ...


class KafkaSink:
    """Sends to a topic; the idempotent producer tries again by itself for as long as it may."""

    def __init__(self, producer: Producer, *, topic: str, run: str) -> None:
        self._producer, self._topic, self._run = producer, topic, run
        self._headers: dict[str, Headers] = {}

    def send(self, records: Sequence[Made]) -> Answer:
        """See `Sink`."""
        answers = self._producer.publish([self._outgoing(made) for made in records])
        failures = [each for each in answers if isinstance(each, DeliveryFailed)]
        if not failures:
            return Answer([Fate.ACKED] * len(records))
        fates = [Fate.UNKNOWN if isinstance(each, DeliveryFailed) else Fate.ACKED for each in answers]
        return Answer(fates, trouble=str(failures[0]))

    def _outgoing(self, made: Made) -> Outgoing:
        headers = self._headers.get(made.fault)
        if headers is None:
            mark = f"{self._run}:{made.fault}".encode()
            headers = self._headers[made.fault] = [("schema", SCHEMA.encode()), (GENERATED, mark)]
        return Outgoing(self._topic, made.value, made.key, headers)


class ThreadCourier:
    """Sends in a thread that the process does not wait for when it ends."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._work: SimpleQueue[Sequence[Made]] = SimpleQueue()
        self._done: SimpleQueue[Answer | BaseException] = SimpleQueue()
        Thread(target=self._serve, name="courier", daemon=True).start()

    def start(self, records: Sequence[Made]) -> None:
        """See `running.Courier`."""
        self._work.put(records)

    def answer(self, timeout: float) -> Answer | None:
        """See `running.Courier`. Raises what the sink raised."""
        try:
            answer = self._done.get(timeout=timeout)
        except Empty:
            return None
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _serve(self) -> None:
        while True:
            records = self._work.get()
            try:
                self._done.put(self._sink.send(records))
            except BaseException as error:  # boundary: it is raised where the answer is asked for
                self._done.put(error)
