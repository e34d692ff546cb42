"""Jobs through real Kafka, with outside producers, outside workers, and no broker at all."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Thread

import pytest
from confluent_kafka import Consumer, TopicPartition
from django.contrib.auth.models import Permission
from django.test import Client

from heimdall_project.events.codec import encode
from heimdall_project.streams import topics
from heimdall_project.streams.topics import Topic
from jobs.models import AnalysisJob, JobTransition
from tests.factories import LOG, make_answer, make_job, make_outside_request, make_user
from tests.probe_workers.harness import RunConsumer, eventually, free_range

from .world import World

pytestmark = pytest.mark.usefixtures("world")
RELAY, WORKER, RESULTS = "outbox-relay", "analysis-worker", "job-results"
type Run = Callable[..., AbstractContextManager[RunConsumer]]


@pytest.fixture
def run(world: World) -> Run:
    """Starts workers of the product itself in this world."""
    world.create(Topic.ANALYSIS_RESULT)

    def start(*workers: str, **environment: str) -> AbstractContextManager[RunConsumer]:
        own = {"DJANGO_SETTINGS_MODULE": "heimdall_project.settings", "DEBUG": "true"}
        return world.run(*workers, **(own | environment))

    return start


def status(job: AnalysisJob) -> str:
    return AnalysisJob.objects.values_list("status", flat=True).get(pk=job.pk)


def told(job: AnalysisJob) -> list[str]:
    return list(JobTransition.objects.filter(job=job).order_by("id").values_list("event", flat=True))


def test_jobs_run_to_their_end_and_tell_every_hop(run: Run) -> None:
    jobs = [make_job() for _ in range(10)]
    with run(RELAY, WORKER, RESULTS):
        eventually(lambda: {status(job) for job in jobs} == {"SUCCEEDED"}, "ten jobs")
    for job in jobs:
        assert sorted(told(job)) == ["answered", "claimed", "published", "result_applied", "submitted"]
        hops = JobTransition.objects.filter(job=job).exclude(topic="").values_list("topic", flat=True)
        assert sorted(hops) == ["analysis.request", "analysis.request", "analysis.result"]


def test_an_outside_producer_gets_its_answer(world: World, run: Run) -> None:
    event = make_outside_request(log_id=12345, correlation_id="corr-123456")
    world.produce(encode(event), key=b"12345")
    with run(RELAY, WORKER):
        [value] = eventually(lambda: read(world, Topic.ANALYSIS_RESULT), "an answer")
    answer = json.loads(value)
    assert (answer["request_id"], answer["log_id"]) == (str(event.request_id), 12345)
    assert answer["correlation_id"] == "corr-123456" and answer["analysis_result"]["severity"]


def test_an_outside_worker_completes_a_job_and_ours_then_leaves_it_alone(world: World, run: Run) -> None:
    job = make_job()
    with run(RESULTS):
        answer = make_answer(job.request_id, model="outside")
        world.produce(encode(answer), key=b"1", topic=Topic.ANALYSIS_RESULT)
        eventually(lambda: status(job) == "SUCCEEDED", "the job")
    with run(RELAY, WORKER):
        eventually(lambda: "request_ignored" in told(job), "the request at our worker")
    assert told(job).count("result_applied") == 1 and "answered" not in told(job)


def test_without_a_broker_jobs_are_accepted_and_published_when_it_is_there(world: World, run: Run) -> None:
    port = free_range()
    client = Client()
    owner = make_user()
    owner.user_permissions.set(Permission.objects.filter(codename="add_analysisjob"))
    client.force_login(owner)
    with run(RELAY, KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{port}"):
        body = {"log_content": LOG, "service_name": "orders", "environment": "test"}
        response = client.post("/api/v1/analysis/request", json.dumps(body), content_type="application/json")
        job = AnalysisJob.objects.get()
        assert (response.status_code, job.status) == (202, "PENDING")
        with forwarded(port, world.bootstrap):
            eventually(lambda: status(job) == "QUEUED", "the broker's acknowledgement")


def read(world: World, topic: str) -> list[bytes]:
    """All values of a topic."""
    found: list[bytes] = []
    client = Consumer({"bootstrap.servers": world.bootstrap, "group.id": "reader"})
    for place, end in world.ends(topic).items():
        client.assign([TopicPartition(topics.physical(topic), place.number, 0)])
        found += [client.poll(10).value() for _ in range(end)]
    client.close()
    return found


@contextmanager
def forwarded(port: int, target: str) -> Iterator[None]:
    """Connections to `port` reach the broker, which then tells its own address."""
    host, _, number = target.partition(":")
    with socket.create_server(("127.0.0.1", port)) as server:
        server.settimeout(0.2)
        open_ = [True]

        def accept() -> None:
            while open_:
                try:
                    near, _ = server.accept()
                except OSError:
                    continue
                far = socket.create_connection((host, int(number)))
                for source, sink in ((near, far), (far, near)):
                    Thread(target=pump, args=(source, sink), daemon=True).start()

        thread = Thread(target=accept, daemon=True)
        thread.start()
        yield
        open_.clear()
        thread.join()


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Bytes from one socket to the other until either ends."""
    try:
        while data := source.recv(65_536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        sink.close()
