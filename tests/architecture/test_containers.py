"""Containers run what the native stack runs: one catalogue of names, commands, ports and budgets."""

import os
import re
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from docker import healthcheck
from docker.local import kafka, named_instance
from docker.local.instance import PORT_VARIABLES
from docker.local.up import children_of
from heimdall_project.env import VARIABLES
from heimdall_project.streams import registry, topics
from heimdall_project.streams.consumer import Loop
from tests.architecture import chart

ROOT = chart.ROOT
COMPOSE = yaml.safe_load((ROOT / "docker/compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("migrate", "tables", "topics", "web", "stream", "workers")
DOORS = ("web", "stream", "workers")
DOCKERFILE = (ROOT / "docker/Dockerfile").read_text()
PROXY = (ROOT / "docker/nginx/heimdall.conf").read_text()
FREE = {"--host", "--port", "--blocking-threads", "--supervise"}
"""Options in which places may differ."""


def shape(command: list[str]) -> tuple[str, ...]:
    """A command without the directory of its program and without what places choose for themselves."""
    words, kept = iter([Path(command[0]).name, *command[1:]]), []
    for word in words:
        if word not in FREE:
            kept.append(word)
        elif word != "--supervise":
            next(words)
    return tuple(sorted(kept))


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def composed(service: str) -> list[str]:
    """The command of a service; that of the image if it says none."""
    image = yaml.safe_load(DOCKERFILE.rpartition("\nCMD ")[2])
    return list(SERVICES[service].get("command") or image)


def charted(door: str) -> list[str]:
    names = {"workers": "workers-all"}
    for each in chart.objects("values"):
        if each["kind"] == "Deployment" and each["metadata"]["name"].endswith(f"-{names.get(door, door)}"):
            return list(each["spec"]["template"]["spec"]["containers"][0]["command"])
    raise LookupError(door)


@pytest.mark.parametrize("door", DOORS)
def test_every_process_of_the_native_stack_runs_the_same_in_compose_and_chart(door: str) -> None:
    native = {child.name: child.command for child in children_of(named_instance("dev"))}
    assert shape(composed(door)) == shape(charted(door)) == shape(native[door])


@pytest.mark.parametrize("door", ["web", "stream"])
def test_doors_listen_where_the_native_stack_does_and_where_the_proxy_looks(door: str) -> None:
    port = option(composed(door), "--port")
    assert port == option(charted(door), "--port") == str(PORT_VARIABLES[door][1])
    assert f"set ${door} {door}:{port};" in PROXY
    assert f"EXPOSE 8000 8001 {PORT_VARIABLES['metrics'][1]}" in DOCKERFILE


def test_the_proxy_is_published_where_the_native_web_door_is() -> None:
    variable, default, _ = PORT_VARIABLES["web"]
    assert SERVICES["proxy"]["ports"] == [f"${{{variable}:-{default}}}:8080"]


@pytest.mark.parametrize("service", OURS)
def test_containers_name_only_settings_that_exist(service: str) -> None:
    assert not set(SERVICES[service]["environment"]) - set(VARIABLES) - {"HEALTH_PORT"}


def test_containers_get_as_long_to_stop_as_workers_are_told_that_they_have() -> None:
    for service in OURS:
        told = SERVICES[service]["environment"]
        assert float(told["WORKER_DRAIN_BUDGET"]) < float(told["WORKER_STOP_GRACE"])
        assert f"{told['WORKER_STOP_GRACE']}s" == SERVICES[service]["stop_grace_period"]


def test_the_broker_is_the_native_one_and_set_up_like_it() -> None:
    version = re.search(r"<kafka\.version>(.+?)<", (ROOT / "docker/local/kafka/pom.xml").read_text())
    assert version and SERVICES["kafka"]["image"] == f"apache/kafka:{version[1]}"
    lines = (line.partition("=") for line in kafka._CONFIG.splitlines() if not line.startswith("#"))
    native = {name: value for name, _, value in lines}
    contained = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in SERVICES["kafka"]["environment"].items()
    }
    same = {name for name in native if name in contained and "{" not in native[name]}
    assert len(same) >= 9
    apart = {"listener.security.protocol.map", "controller.listener.names", "inter.broker.listener.name"}
    assert {n: contained[n] for n in same - apart} == {n: native[n] for n in same - apart}
    assert int(contained["message.max.bytes"]) >= max(topic.max_bytes for topic in topics.specs())


def test_clickhouse_is_of_the_version_of_the_native_engine() -> None:
    pinned = (ROOT / "docker/local/clickhouse_server/requirements.txt").read_text()
    version = re.search(r"^chdb-core==(\d+\.\d+)\.", pinned, re.M)
    assert version and SERVICES["clickhouse"]["image"] == f"clickhouse/clickhouse-server:{version[1]}"


def test_topics_come_from_the_catalogue_alone_and_one_broker_can_hold_them() -> None:
    assert composed("topics") == ["python", "manage.py", "ensure_topics"]
    assert SERVICES["kafka"]["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert SERVICES["topics"]["environment"]["KAFKA_REPLICATION_FACTOR"] == "1"


def test_nothing_starts_before_what_it_needs_is_well() -> None:
    for service in SERVICES.values():
        for needed, how in service.get("depends_on", {}).items():
            once = SERVICES[needed].get("restart") == "no"
            assert how["condition"] == ("service_completed_successfully" if once else "service_healthy")
            assert once or "healthcheck" in SERVICES[needed] or needed in OURS
    assert {"migrate", "tables", "topics"} <= set(SERVICES["workers"]["depends_on"])
    assert "HEALTHCHECK" in DOCKERFILE


def test_secrets_have_no_default() -> None:
    for name in ("SECRET_KEY", "DATABASE_URL", "CLICKHOUSE_URL"):
        assert ":?" in SERVICES["web"]["environment"][name]


def test_the_proxy_sends_event_streams_to_their_door_unbuffered_and_hides_probes() -> None:
    streams = PROXY.partition("location /stream/ {")[2].partition("}")[0]
    assert "proxy_pass http://$stream;" in streams and "proxy_buffering off;" in streams
    assert "location ~ ^/(metrics|livez|readyz)$ { return 404; }" in PROXY
    assert "proxy_pass http://$web;" in PROXY.partition("location / {")[2]


def test_no_location_of_the_proxy_sets_headers_for_itself() -> None:
    """It would lose those of its server, and with them the host that forms are checked against."""
    assert not any("proxy_set_header" in each for each in re.findall(r"location[^{]*\{([^}]*)\}", PROXY))
    for name in ("Host $http_host", "X-Forwarded-For $proxy_add_x_forwarded_for", "X-Forwarded-Proto $proto"):
        assert f"proxy_set_header {name};" in PROXY


def test_the_proxy_takes_bodies_as_large_as_the_api_does() -> None:
    assert "client_max_body_size 2m;" in PROXY
    assert VARIABLES["API_MAX_BODY_BYTES"].default == str(2 * 1024 * 1024)


def test_the_image_runs_as_nobody_special_from_hashed_requirements() -> None:
    assert "--require-hashes --no-deps -r requirements.txt" in DOCKERFILE
    assert DOCKERFILE.rindex("USER 10001") > DOCKERFILE.rindex("FROM ")
    assert "collectstatic" in DOCKERFILE


def test_a_python_of_the_image_is_one_that_the_project_takes() -> None:
    versions = set(re.findall(r"FROM python:3\.(\d+)-slim", DOCKERFILE))
    assert len(versions) == 1 and int(versions.pop()) >= 12


# --- health -------------------------------------------------------------------------------------------


@pytest.fixture
def door() -> Iterator[HTTPServer]:
    """A door that is well; `status` of its handler says otherwise."""

    class Handler(BaseHTTPRequestHandler):
        status = 200

        def do_GET(self) -> None:
            self.send_response(self.status if self.path == "/livez" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_a_door_is_well_if_it_says_so(
    door: HTTPServer, monkeypatch: pytest.MonkeyPatch, status: int, code: int
) -> None:
    monkeypatch.setattr(door.RequestHandlerClass, "status", status)
    monkeypatch.setenv("HEALTH_PORT", str(door.server_port))
    assert healthcheck.main() == code


def test_a_door_that_does_not_answer_is_not_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEALTH_PORT", "1")
    assert healthcheck.main() == 1


@pytest.mark.parametrize(
    ("ages", "code"),
    [({}, 0), ({"relay": 1.0}, 0), ({"relay": 1.0, "writer": healthcheck.PATIENCE + 1}, 1)],
    ids=["none runs yet, or each stopped on purpose", "all turn", "one hangs"],
)
def test_workers_are_well_if_the_loops_that_run_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ages: dict[str, float], code: int
) -> None:
    for name, age in ages.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    monkeypatch.setenv("HEIMDALL_HEARTBEAT_DIR", str(tmp_path))
    assert healthcheck.main() == code


def test_a_loop_is_given_more_time_than_its_watchdog() -> None:
    for worker in registry.workers():
        budget = worker.step_budget if issubclass(worker, Loop) else worker.handler_budget  # type: ignore[attr-defined]
        assert budget < healthcheck.PATIENCE
