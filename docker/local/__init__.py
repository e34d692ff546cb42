"""The native local stack: real Kafka, PostgreSQL, Redis and ClickHouse without containers.

``python -m docker.local`` is the command line; the Makefile calls it. Tests that need to break a server
import from here::

    from docker.local import named_stack

    kafka = named_stack("test").kafka
    kafka.freeze()
"""

from .clickhouse import ClickHouse
from .errors import PortTakenError, ServiceFailedError, StackError
from .instance import Instance, Ports, named_instance, private_instance
from .kafka import Kafka
from .postgres import Postgres
from .redis import Redis
from .service import Service
from .stack import Stack, named_stack

__all__ = [
    "ClickHouse",
    "Instance",
    "Kafka",
    "PortTakenError",
    "Ports",
    "Postgres",
    "Redis",
    "Service",
    "ServiceFailedError",
    "Stack",
    "StackError",
    "named_instance",
    "named_stack",
    "private_instance",
]
