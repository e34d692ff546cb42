"""The only package that speaks to Kafka.

Hazards of the client that this package answers (confluent-kafka 2.16, librdkafka 2.16):
* An exception out of `poll()`/`consume()` throws away every record that call had taken. So callbacks are
  guarded: what the listener raises is kept and raised after the call, and the caller stops uncommitted.
* `auto.offset.reset` would skip silently. It is `error`, and where to start is said on assignment.
* Records of partitions that went away during a call are filtered out.
* A consumer lets in one call at a time, and a thread that polls keeps others out: everything is called from
  the polling thread, and commits are answered during a later poll.
* Clients do not survive a fork: build them afterwards.
"""

from .administration import TopicAdmin, TopicExtent, TopicState, admin, probe
from .client import clients_built
from .consuming import BEGINNING, ConfluentConsumer, consumer_config
from .messages import UNREADABLE_HEADERS
from .posting import Flight, Pair, SharedProducer
from .producing import FOREIGN_BYTES, ConfluentProducer, producer
from .scanning import oldest, scan

__all__ = [
    "BEGINNING",
    "FOREIGN_BYTES",
    "UNREADABLE_HEADERS",
    "ConfluentConsumer",
    "ConfluentProducer",
    "Flight",
    "Pair",
    "SharedProducer",
    "TopicAdmin",
    "TopicExtent",
    "TopicState",
    "admin",
    "clients_built",
    "consumer_config",
    "oldest",
    "probe",
    "producer",
    "scan",
]
