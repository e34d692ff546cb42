"""An instance of the stack: its name, its ports, where its data lies, and the environment it gives.

``dev`` is what ``make up`` runs, ``test`` what the tests run on; they share nothing but what was fetched.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from .ports import LOOPBACK, free_ports

CHECKOUT = Path(__file__).resolve().parents[2]
STATE = CHECKOUT / ".local"

# field of Ports: (variable that moves it, default of dev, default of test).
# The test instance reads the same variables with the prefix TEST_.
PORT_VARIABLES: Mapping[str, tuple[str, int, int]] = {
    "web": ("HEIMDALL_WEB_PORT", 8000, 28000),
    "stream": ("HEIMDALL_STREAM_PORT", 8001, 28001),
    "metrics": ("HEIMDALL_METRICS_PORT", 8100, 28100),
    "kafka": ("KAFKA_PORT", 19092, 29092),
    "kafka_controller": ("KAFKA_CONTROLLER_PORT", 19093, 29093),
    "postgres": ("POSTGRES_PORT", 15432, 25432),
    "redis": ("REDIS_PORT", 16379, 26379),
    "clickhouse": ("CLICKHOUSE_PORT", 18123, 28123),
}


@dataclass(frozen=True)
class Ports:
    """Every port of an instance. Workers serve metrics from ``metrics`` upward, one port each."""

    web: int
    stream: int
    metrics: int
    kafka: int
    kafka_controller: int
    postgres: int
    redis: int
    clickhouse: int


@dataclass(frozen=True)
class Instance:
    """Where one set of services lives. Holds no connection and starts nothing."""

    name: str
    home: Path
    ports: Ports
    prefix: str = ""

    @property
    def run(self) -> Path:
        """Process records and locks."""
        return self.home / "run"

    @property
    def logs(self) -> Path:
        """One file a process, kept until reset."""
        return self.home / "logs"

    @property
    def digest(self) -> str:
        """Short, stable and unique to this directory: names what must live outside of it."""
        return hashlib.sha256(str(self.home.resolve()).encode()).hexdigest()[:10]

    @property
    def url(self) -> str:
        """Where the API and the admin answer."""
        return f"http://{LOOPBACK}:{self.ports.web}"

    @property
    def stream_url(self) -> str:
        """Where event streams answer."""
        return f"http://{LOOPBACK}:{self.ports.stream}"

    def variable(self, port: str) -> str:
        """The environment variable that moves a port, named by its field of ``Ports``."""
        return self.prefix + PORT_VARIABLES[port][0]

    def environment(self) -> dict[str, str]:
        """What Django, the workers and the tests need to find this instance."""
        return {
            "DATABASE_URL": f"postgres://heimdall:heimdall@{LOOPBACK}:{self.ports.postgres}/heimdall",
            "KAFKA_BOOTSTRAP_SERVERS": f"{LOOPBACK}:{self.ports.kafka}",
            "REDIS_URL": f"redis://{LOOPBACK}:{self.ports.redis}/0",
            "CLICKHOUSE_URL": f"http://heimdall:heimdall@{LOOPBACK}:{self.ports.clickhouse}/heimdall",
            "HEIMDALL_WEB_PORT": str(self.ports.web),
            "HEIMDALL_STREAM_PORT": str(self.ports.stream),
            "HEIMDALL_METRICS_PORT": str(self.ports.metrics),
        }


def named_instance(name: str = "dev", environ: Mapping[str, str] = os.environ) -> Instance:
    """``dev`` or ``test``, with the ports that the environment asks for."""
    if name not in ("dev", "test"):
        raise ValueError(f"no instance {name!r}: there are dev and test")
    prefix = "TEST_" if name == "test" else ""
    chosen = {}
    for field, (variable, dev, test) in PORT_VARIABLES.items():
        default = test if name == "test" else dev
        chosen[field] = int(environ.get(prefix + variable) or default)
    return Instance(name=name, home=STATE / name, ports=Ports(**chosen), prefix=prefix)


def private_instance(home: Path) -> Instance:
    """An instance on free ports with its data under ``home``, for a test that breaks a server."""
    names = [field.name for field in fields(Ports)]
    ports = Ports(**dict(zip(names, free_ports(len(names)), strict=True)))
    return Instance(name="private", home=home, ports=ports)
