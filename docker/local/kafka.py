"""Apache Kafka of an instance: one KRaft node, broker and controller in one process."""

import base64
import hashlib
import logging
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .errors import StackError
from .instance import STATE
from .ports import LOOPBACK, answers
from .service import Service, server_environment

_HERE = Path(__file__).parent / "kafka"
_NODE = 1
_silent = logging.Logger("kafka-probe")
_silent.addHandler(logging.NullHandler())

_CONFIG = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={node}@{host}:{controller}
listeners=CLIENT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=CLIENT://{host}:{port}
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENT
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
message.max.bytes=2097152
replica.fetch.max.bytes=2097152
# One node: the internal topics cannot have more replicas; few partitions make a cold start fast.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=2
group.initial.rebalance.delay.ms=0
# The tests use sessions of a few seconds.
group.min.session.timeout.ms=1000
log.retention.check.interval.ms=10000
num.network.threads=2
num.io.threads=4
"""


class Kafka(Service):
    """One Kafka node with topics of replication factor 1 and no automatic topics."""

    name = "kafka"
    ports_used = ("kafka", "kafka_controller")

    def prepare(self) -> None:
        jars = kafka_jars()
        self._config.write_text(
            _CONFIG.format(
                node=_NODE,
                host=LOOPBACK,
                port=self.port,
                controller=self.instance.ports.kafka_controller,
                data=self.data,
            )
        )
        if not (self.data / "meta.properties").exists():
            shutil.rmtree(self.data, ignore_errors=True)  # what a format that was cut short left behind
            self._format(jars)

    def command(self) -> list[str]:
        return [java(), "-Xmx512m", "-Xms256m", *_java_options(), "kafka.Kafka", str(self._config)]

    def is_ready(self) -> bool:
        """Metadata lists our node (a fenced broker is not listed) and each partition has its leader."""
        if not answers(self.port):
            return False
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        settings: dict[str, str | int | float | bool] = {
            "bootstrap.servers": f"{LOOPBACK}:{self.port}",
            "socket.timeout.ms": 2000,
        }
        try:
            metadata = AdminClient(settings, logger=_silent).list_topics(timeout=2)
        except KafkaException:
            return False
        partitions = [p for topic in metadata.topics.values() for p in topic.partitions.values()]
        return _NODE in metadata.brokers and all(p.leader == _NODE for p in partitions)

    def _format(self, jars: Path) -> None:
        # A cluster id is 16 bytes in URL-safe base64; that of a directory may as well be its name.
        digest = hashlib.sha256(str(self.instance.home).encode()).digest()[:16]
        cluster = base64.urlsafe_b64encode(b"\x01" + digest[1:]).decode().rstrip("=")
        tool = ["kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._config)]
        run = subprocess.run(
            [java(), "-Xmx128m", *_java_options(), *tool],
            capture_output=True,
            text=True,
            env=server_environment(),
            check=False,
        )
        if run.returncode:
            raise StackError(f"Kafka's storage could not be formatted:\n{run.stdout}{run.stderr}")

    @property
    def _config(self) -> Path:
        return self.instance.run / "kafka.properties"


def java() -> str:
    """The Java to run: that of JAVA_HOME, else the first on PATH."""
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home) / "bin/java") if home else shutil.which("java")
    if found is None:
        raise StackError("java is not installed (make up and make test install it)")
    return found


def kafka_jars() -> Path:
    """The directory with the jars of ``kafka/pom.xml``, fetched by Maven when the pom changed."""
    pom = _HERE / "pom.xml"
    target = STATE / "cache" / f"kafka-{hashlib.sha256(pom.read_bytes()).hexdigest()[:10]}"
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="kafka-draft-") as draft:
        jars = Path(draft) / "jars"
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={jars}"]
        run = subprocess.run(
            ["mvn", "-q", "-B", "-f", str(pom), *goal], capture_output=True, text=True, check=False
        )
        if run.returncode:
            raise StackError(f"Maven could not fetch Kafka:\n{run.stdout[-3000:]}{run.stderr[-1000:]}")
        jars.replace(target)
    return target


def _java_options() -> list[str]:
    config = (_HERE / "log4j2.properties").as_uri()
    return [f"-Dlog4j2.configurationFile={config}", "-cp", f"{kafka_jars()}/*"]
