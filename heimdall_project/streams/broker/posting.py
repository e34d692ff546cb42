"""Publishing for many threads at once: one client a process, each caller waits for its own records.

`ConfluentProducer` serves one thread and flushes; here requests share batches of the wire. A delivery costs
one call of a callback, in a thread that does nothing else; a request waits on one event, whatever the number
of its records.
"""

from collections.abc import Callable, Iterable
from functools import partial
from threading import Event, Lock, Thread

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from django.conf import settings

from .. import topics
from ..records import Headers
from .client import client_config, kafka_log

POLL = 0.2
"""Seconds; the thread wakes for each acknowledgement, this is only how fast it notices its end."""
type Pair = tuple[bytes, bytes]
"""Key and value."""


class Flight:
    """The records of one caller on their way.

    `places` holds partition and offset of each that was acknowledged, `failures` why one was not, both by
    index. What is in neither was not answered yet.
    """

    def __init__(self, number: int, ended: Callable[["Flight"], None]) -> None:
        self.places: list[tuple[int, int] | None] = [None] * number
        self.failures: dict[int, str] = {}
        self.unsent = number
        """Index of the first record that was not handed over at all."""
        self._ended = ended
        self._landed = 0
        self._expected = -1  # not known while records are handed over
        self._once = Lock()
        self._done = Event()

    def landed(self, index: int, error: KafkaError | None, message: Message) -> None:
        """Delivery callback: must not raise. All of them run in one thread."""
        if error is None:
            self.places[index] = (message.partition(), message.offset())
        else:
            self.failures[index] = str(error)
        self._landed += 1
        if self._landed == self._expected:
            self._end()

    def handed_over(self, number: int) -> None:
        """So many records were handed to the client; no more will be."""
        self.unsent = number
        self._expected = number
        if self._landed == number:  # the last callback may have come before the number was known
            self._end()

    def _end(self) -> None:
        if self._once.acquire(blocking=False):
            self._ended(self)
            self._done.set()

    def wait(self, seconds: float) -> bool:
        """Whether every record was answered, for better or worse, within the time."""
        return self._done.wait(seconds)

    @property
    def is_acknowledged(self) -> bool:
        """Whether the broker took any of them."""
        return any(self.places)


class SharedProducer:
    """Idempotent, acks=all, order by key as handed over. Its first caller builds the client, after a fork."""

    def __init__(self, *, timeout: float, most_records: int) -> None:
        self._timeout, self._most_records = timeout, most_records
        self._lock = Lock()
        self._client: Producer | None = None
        self._closed = Event()

    def _config(self) -> dict[str, object]:
        return client_config(
            **{
                "acks": "all",
                "enable.idempotence": True,
                "message.timeout.ms": max(1, int(self._timeout * 1000)),
                "message.max.bytes": settings.KAFKA_MAX_RECORD_BYTES,
                "linger.ms": settings.INGEST_LINGER_MS,
                "compression.type": settings.KAFKA_COMPRESSION,
                **({"compression.level": 1} if settings.KAFKA_COMPRESSION == "gzip" else {}),
                "partitioner": "murmur2_random",
                "queue.buffering.max.messages": self._most_records,
                "queue.buffering.max.kbytes": max(1, settings.INGEST_MAX_BUFFER_BYTES // 1024),
                "error_cb": self._client_error,
            }
        )

    def _built(self) -> Producer:
        if (client := self._client) is not None:
            return client
        with self._lock:
            if self._client is None:
                self._client = client = Producer(self._config())
                Thread(target=self._serve, args=(client,), name="deliveries", daemon=True).start()
            return self._client

    def send(
        self,
        topic: str,
        pairs: Iterable[Pair],
        headers: Headers,
        *,
        number: int,
        ended: Callable[[Flight], None],
    ) -> Flight:
        """Hand records over and come back at once; `ended` is called, by any thread, when all are answered.

        A full queue, or a client that cannot go on, ends the handing over: see `Flight.unsent`.
        """
        flight = Flight(number, ended)
        client, name, landed = self._built(), topics.physical(topic), flight.landed
        produce, given = client.produce, 0
        try:
            for key, value in pairs:
                produce(name, value, key, -1, partial(landed, given), None, 0, headers)
                given += 1
        except BufferError:
            pass
        except KafkaException as error:
            kafka_log.warning("kafka producer: %s", error.args[0])
            if error.args[0].code() == KafkaError._FATAL:
                self._replace(client)
        finally:
            flight.handed_over(given)
        return flight

    def _client_error(self, error: KafkaError) -> None:
        """Callback of the client: must not raise."""
        kafka_log.warning("kafka producer: %s", error)
        if error.fatal() and self._client is not None:
            self._replace(self._client)

    def _replace(self, broken: Producer) -> None:
        """A fatal error ends a client for good: its records are answered, the next caller builds another."""
        with self._lock:
            if self._client is broken:
                self._client = None
        broken.purge(in_queue=True, in_flight=True, blocking=False)

    def _serve(self, client: Producer) -> None:
        while not self._closed.is_set() and (self._client is client or len(client)):
            try:
                client.poll(POLL)
            except (KafkaException, SystemError) as error:  # fatal errors come like this, between callbacks
                kafka_log.warning("kafka producer: %s", error.__cause__ or error)

    def close(self, seconds: float) -> int:
        """Wait until what was handed over is answered; how many records are left then. Once: what the client
        has to tell later, of a broker that stays away, nobody listens to."""
        if (client := self._client) is None or self._closed.is_set():
            return 0
        left: int = client.flush(seconds)
        self._closed.set()
        return left
