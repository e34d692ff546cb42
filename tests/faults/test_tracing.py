"""One job across the processes: its trace at the collector, in every log, on its rows and records."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Permission

from heimdall_project.accounts.models import User
from heimdall_project.observability.tracing import traced
from heimdall_project.streams import topics
from heimdall_project.streams.models import OutboxMessage
from heimdall_project.streams.topics import Topic
from jobs.models import AnalysisJob, JobTransition
from tests.factories import LOG, make_job
from tests.integration.platform.doors import WEB, Door, door, free_port
from tests.model_endpoint import ModelEndpoint
from tests.people import PASSWORD
from tests.probe_workers.harness import RunConsumer, eventually, free_range

from .collector import Collector, collecting
from .world import World, ended

RELAY, WORKER, RESULTS = "outbox-relay", "analysis-worker", "job-results"
TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{CALLER}-01"
BODY = {"log_content": LOG, "service_name": "orders", "environment": "test"}
CHAIN = [
    "POST api/v1/analysis/request",
    "submit job",
    "begin attempt",
    "process analysis.request",
    "process analysis.result",
]
type Run = Callable[..., AbstractContextManager[RunConsumer]]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture
def model() -> Iterator[ModelEndpoint]:
    with ModelEndpoint() as running:
        yield running


@pytest.fixture
def run(world: World) -> Run:
    """Starts workers of the product itself in this world."""
    world.create(Topic.ANALYSIS_RESULT)

    def start(*workers: str, **environment: str) -> AbstractContextManager[RunConsumer]:
        return world.run(*workers, **(OWN | environment))

    return start


OWN = {"DJANGO_SETTINGS_MODULE": "heimdall_project.settings", "DEBUG": "true"}


@pytest.fixture
def basic(transactional_db: None) -> str:
    """Credentials of somebody who may ask."""
    hashed = PBKDF2PasswordHasher().encode(PASSWORD, "a" * 22, 1000)  # the door knows no hasher of the tests
    tilda = User.objects.create(username="tilda", password=hashed)
    tilda.user_permissions.set(Permission.objects.filter(codename="add_analysisjob"))
    return "Basic " + base64.b64encode(f"tilda:{PASSWORD}".encode()).decode()


@pytest.fixture
def web(world: World, collector: Collector, tmp_path: Path) -> Iterator[tuple[Door, Path]]:
    """The web door and where it writes its log."""
    log = tmp_path / "web.log"
    own = OWN | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address, "LOG_FORMAT": "json", "LOG_LEVEL": "INFO"}
    with door(WEB, port=free_port(), log=log, **(world.environment | own)) as running:
        yield running, log


def test_a_job_is_one_trace_from_the_http_request_to_its_result(
    world: World, run: Run, collector: Collector, web: tuple[Door, Path], basic: str, model: ModelEndpoint
) -> None:
    asking, log = web
    engine = {"ANALYSIS_PROVIDER": "openai", "MODEL_URL": model.url, "MODEL_NAME": "m"}
    exporting = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address}
    with run(RELAY, WORKER, RESULTS, **engine, **exporting) as workers:
        headers = {"authorization": basic, "traceparent": PARENT, "tracestate": "rojo=1"}
        status, answer = asking.post("/api/v1/analysis/request", BODY, **headers)
        assert status == 202, answer
        job = AnalysisJob.objects.get(pk=answer["analysis_id"])
        [applied] = eventually(lambda: collector.named(TRACE, CHAIN[-1]), "the last step")
        eventually(lambda: len(collector.named(TRACE, f"publish {Topic.ANALYSIS_RESULT}")) == 1, "the relay")
    assert collector.way(applied) == CHAIN
    for step in ("claim", "analyse", "store outcome"):
        [seen] = collector.named(TRACE, step)
        assert collector.way(seen) == [*CHAIN[:4], step]
    [call] = collector.named(TRACE, "model call")
    assert collector.way(call) == [*CHAIN[:4], "analyse", "model call"]
    assert model.asked[0].headers["traceparent"] == f"00-{TRACE}-{call.span}-01"
    assert collector.orphans(TRACE, CALLER) == []
    assert [span.name for span in collector.spans(TRACE) if span.parent == CALLER] == [CHAIN[0]]
    assert services(collector) == {"web", RELAY, WORKER, RESULTS}
    assert not any(span.failed for span in collector.spans(TRACE))
    assert job.trace_id == TRACE
    assert told(job) == {TRACE}
    for path in (f"/api/v1/jobs/{job.pk}", f"/api/v1/jobs/{job.pk}/timeline"):
        assert set(trace_ids(asking.json(path, authorization=basic)[1])) == {TRACE}
    assert traces_of_rows() == {TRACE}
    assert traces_of_records(world) == {TRACE}
    for action in ("request_answered", "result_came"):
        assert workers.wait_for_line(action)["trace_id"] == TRACE
    assert {line["trace_id"] for line in lines(log, "job_submitted", "http_request")} >= {TRACE}


def test_a_request_that_is_refused_names_its_trace_in_answer_header_and_log(
    collector: Collector, web: tuple[Door, Path], basic: str
) -> None:
    asking, log = web
    status, body, answer = asking.json("/api/v1/jobs/0", authorization=basic, traceparent=PARENT)
    assert (status, body["trace_id"], answer.headers["X-Trace-Id"]) == (404, TRACE, TRACE)
    _, body, answer = asking.json("/api/v1/jobs/0", authorization=basic, traceparent="nonsense")
    assert body["trace_id"] == answer.headers["X-Trace-Id"] != TRACE
    assert {line["trace_id"] for line in lines(log, "http_request")} >= {TRACE, body["trace_id"]}
    [span] = eventually(lambda: collector.spans(TRACE), "the span of the request")
    assert span.attributes["http.response.status_code"] == 404


def test_a_caller_who_does_not_record_is_not_recorded_and_still_has_one_id(
    run: Run, collector: Collector, web: tuple[Door, Path], basic: str
) -> None:
    asking, _ = web
    with run(RELAY, WORKER, RESULTS, OTEL_EXPORTER_OTLP_ENDPOINT=collector.address):
        for parent in (PARENT[:-2] + "00", f"00-{'1' * 32}-{CALLER}-01"):  # the second to know when to look
            asking.post("/api/v1/analysis/request", BODY, authorization=basic, traceparent=parent)
        eventually(lambda: collector.named("1" * 32, CHAIN[-1]), "the last step")
        eventually(lambda: statuses() == {"SUCCEEDED"}, "both jobs")
    assert collector.spans(TRACE) == []
    assert told(AnalysisJob.objects.get(trace_id=TRACE)) == {TRACE}


def test_a_redelivery_stays_in_the_trace_of_its_job(run: Run, collector: Collector) -> None:
    exporting = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address}
    with tracing_here(PARENT):
        job = make_job()
    with run(RELAY, **exporting):
        eventually(lambda: statuses() == {"QUEUED"}, "the broker's acknowledgement")
        with run(WORKER, HEIMDALL_CRASH_AT="worker.after_outcome", **exporting) as killed:
            ended(killed, 137)
        with run(WORKER, **exporting), run(RESULTS, **exporting):
            [again] = eventually(lambda: collector.named(TRACE, "answer again"), "the second delivery")
            eventually(lambda: collector.named(TRACE, CHAIN[-1]), "the result")
    assert collector.way(again) == ["process analysis.request", "answer again"]
    assert told(job) == {TRACE}


@pytest.mark.parametrize("collector_is", ["away", "silent"])
def test_a_collector_that_is_away_or_silent_costs_no_work_and_no_time_to_stop(
    run: Run, collector_is: str
) -> None:
    with collecting(silent=True) as silent:
        address = silent.address if collector_is == "silent" else f"http://127.0.0.1:{free_range()}"
        with tracing_here(PARENT):
            jobs = [make_job() for _ in range(20)]
        with run(RELAY, WORKER, RESULTS, OTEL_EXPORTER_OTLP_ENDPOINT=address) as workers:
            if collector_is == "silent":
                eventually(silent.asked.is_set, "an export")
            eventually(lambda: statuses() == {"SUCCEEDED"}, "all jobs")
            workers.process.terminate()
            ended(workers, 0)
    assert {trace for job in jobs for trace in told(job)} == {TRACE}


# --- what is asked of a job ---------------------------------------------------------------------------------


def services(collector: Collector) -> set[str]:
    return {span.service.removeprefix("heimdall.") for span in collector.spans(TRACE)}


def statuses() -> set[str]:
    return set(AnalysisJob.objects.values_list("status", flat=True))


def told(job: AnalysisJob) -> set[str]:
    """Trace ids of a timeline."""
    return set(JobTransition.objects.filter(job=job).values_list("trace_id", flat=True))


def trace_ids(answer: Any) -> list[str]:
    """Every `trace_id` in an answer of the API."""
    if isinstance(answer, dict):
        own = [answer["trace_id"]] if "trace_id" in answer else []
        return own + trace_ids(list(answer.values()))
    return [found for each in answer for found in trace_ids(each)] if isinstance(answer, list) else []


def traces_of_rows() -> set[str]:
    rows = OutboxMessage.objects.values_list("headers", flat=True)
    return {headers["traceparent"][3:35] for headers in rows if headers["tracestate"] == "rojo=1"}


def traces_of_records(world: World) -> set[str]:
    """Trace ids of everything in both topics."""
    client = Consumer({"bootstrap.servers": world.bootstrap, "group.id": "reader"})
    found = set()
    for topic in (Topic.ANALYSIS_REQUEST, Topic.ANALYSIS_RESULT):
        for place, end in world.ends(topic).items():
            client.assign([TopicPartition(topics.physical(topic), place.number, 0)])
            for _ in range(end):
                found.add(dict(client.poll(10).headers())["traceparent"].decode()[3:35])
    client.close()
    return found


def lines(log: Path, *actions: str) -> list[dict[str, Any]]:
    parsed = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line for line in parsed if line.get("action") in actions]


def tracing_here(parent: str) -> AbstractContextManager[str]:
    """The work of this process, which records nothing, in the trace of a caller."""
    return traced(parent)
