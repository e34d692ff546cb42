"""Containers and chart say the same as the native stack: one catalogue of names, commands and budgets."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from docker.local import named_instance
from docker.local.up import children_of
from heimdall_project.env import VARIABLES
from heimdall_project.streams import registry

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker/compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("migrate", "topics", "web", "stream", "workers")
DOCKERFILE = (ROOT / "docker/Dockerfile").read_text()
CHART = ROOT / "charts/heimdall"
VALUES = {
    name: yaml.safe_load((CHART / name).read_text())
    for name in ("values.yaml", "values-dev.yaml", "values-prod.yaml")
}


def seconds(text: str) -> float:
    """A compose duration such as "30s"."""
    return float(text.removesuffix("s"))


@pytest.mark.parametrize("service", OURS)
def test_containers_name_only_settings_that_exist(service: str) -> None:
    unknown = set(SERVICES[service]["environment"]) - set(VARIABLES) - {"HEALTH_PORT"}
    assert not unknown


@pytest.mark.parametrize("values", VALUES)
def test_the_chart_names_only_settings_that_exist(values: str) -> None:
    assert not set(VALUES[values].get("env", {})) - set(VARIABLES)


@pytest.mark.parametrize("door", ["web", "stream", "workers"])
def test_every_process_of_the_native_stack_runs_the_same_in_a_container(door: str) -> None:
    native = {child.name: child.command for child in children_of(named_instance("dev"))}
    contained = str(SERVICES[door].get("command") or DOCKERFILE.rpartition("CMD ")[2])
    for word in native[door]:
        if ":" in word or word in {"wsgi", "asgi", "run_consumer", "all", "manage.py"}:
            assert word in contained


def test_containers_get_as_long_to_stop_as_workers_are_told_that_they_have() -> None:
    for service in OURS:
        told = SERVICES[service]["environment"]
        assert float(told["WORKER_DRAIN_BUDGET"]) < float(told["WORKER_STOP_GRACE"])
        assert float(told["WORKER_STOP_GRACE"]) <= seconds(SERVICES[service]["stop_grace_period"])
    chart = VALUES["values.yaml"]
    assert float(chart["env"]["WORKER_STOP_GRACE"]) <= chart["stopGraceSeconds"]


def test_the_broker_takes_what_topics_take_and_makes_no_topic_by_itself() -> None:
    kafka = SERVICES["kafka"]["environment"]
    assert int(kafka["KAFKA_MESSAGE_MAX_BYTES"]) > settings.KAFKA_MAX_RECORD_BYTES + 64 * 1024
    assert kafka["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_every_service_says_whether_it_is_well_and_waits_for_what_it_needs() -> None:
    assert all("healthcheck" in SERVICES[name] for name in ("kafka", "postgres", "redis", "proxy"))
    assert "HEALTHCHECK" in DOCKERFILE
    assert {"migrate", "topics"} <= set(SERVICES["workers"]["depends_on"])


def test_production_runs_every_worker() -> None:
    named = [name for group in VALUES["values-prod.yaml"]["workers"] for name in group["names"]]
    assert sorted(named) == [worker.name for worker in registry.workers()]


def test_one_origin_by_path_in_the_proxy_and_in_the_ingress() -> None:
    proxy = (ROOT / "docker/nginx/heimdall.conf").read_text()
    ingress = (CHART / "templates/ingress.yaml").read_text()
    assert "location /stream/" in proxy and "proxy_buffering off" in proxy
    assert ingress.index("path: /stream/") < ingress.index("-stream") < ingress.index("-web")


def test_the_image_runs_as_nobody_special_from_hashed_requirements() -> None:
    assert "--require-hashes" in DOCKERFILE
    assert DOCKERFILE.rindex("USER 10001") > DOCKERFILE.rindex("FROM ")


@pytest.mark.parametrize("template", sorted((CHART / "templates").glob("*.yaml")), ids=lambda path: path.name)
def test_every_object_of_the_chart_is_named_after_its_release(template: Path) -> None:
    objects = template.read_text().split("\nkind: ")[1:]
    assert objects
    assert all("\n  name: {{ " in each.partition("spec:")[0] for each in objects)
