"""The Helm chart makes objects that fit each other, run what the native stack runs, and suit production."""

import os
import re
import subprocess
import sys
from secrets import token_urlsafe
from typing import Any

import pytest

from heimdall_project.env import VARIABLES
from heimdall_project.streams import registry
from tests.architecture import chart

POD_FIELDS = {
    "automountServiceAccountToken", "securityContext", "terminationGracePeriodSeconds", "volumes",
    "containers", "initContainers", "restartPolicy", "imagePullSecrets",
}  # fmt: skip
CONTAINER_FIELDS = {
    "name", "command", "image", "imagePullPolicy", "securityContext", "env", "envFrom", "volumeMounts",
    "ports", "resources", "livenessProbe", "readinessProbe", "lifecycle",
}  # fmt: skip
every_values = pytest.mark.parametrize("values", chart.VALUES)


def of_kind(values: str, kind: str) -> list[dict[str, Any]]:
    return [each for each in chart.objects(values) if each["kind"] == kind]


def pods(values: str) -> list[dict[str, Any]]:
    return [each["spec"]["template"] for kind in ("Deployment", "Job") for each in of_kind(values, kind)]


def containers(values: str) -> list[dict[str, Any]]:
    return [
        container
        for pod in pods(values)
        for container in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"])
    ]


def environment(container: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container["env"]}


def commands(values: str) -> dict[str, list[str]]:
    """By deployment, without the release's name."""
    return {
        each["metadata"]["name"].removeprefix(f"{chart.RELEASE}-"): each["spec"]["template"]["spec"][
            "containers"
        ][0]["command"]
        for each in of_kind(values, "Deployment")
    }


@every_values
def test_what_is_kept_was_rendered_from_this_chart(values: str) -> None:
    """If this fails: python -m tests.architecture.chart."""
    assert chart.kept(values).startswith(chart.header())
    if chart.helm():
        assert chart.kept(values) == chart.header() + chart.render(values)


@every_values
def test_settings_exist_and_none_of_them_is_a_secret(values: str) -> None:
    for container in containers(values):
        named = environment(container)
        assert set(named) <= set(VARIABLES)
        assert not any(VARIABLES[name].secret for name in named)
        assert all(isinstance(value, str) for value in named.values())


@every_values
def test_every_field_of_a_pod_is_one_that_kubernetes_knows(values: str) -> None:
    for pod in pods(values):
        assert set(pod["spec"]) <= POD_FIELDS
    for container in containers(values):
        assert set(container) <= CONTAINER_FIELDS


@every_values
def test_selectors_services_and_ingress_point_at_something(values: str) -> None:
    labels = [pod["metadata"]["labels"] for pod in pods(values)]
    for deployment in of_kind(values, "Deployment"):
        wanted = deployment["spec"]["selector"]["matchLabels"].items()
        assert wanted <= deployment["spec"]["template"]["metadata"]["labels"].items()
        assert sum(wanted <= each.items() for each in labels) == 1
    for service in of_kind(values, "Service"):
        assert sum(service["spec"]["selector"].items() <= each.items() for each in labels) == 1
    services = {service["metadata"]["name"] for service in of_kind(values, "Service")}
    for ingress in of_kind(values, "Ingress"):
        for path in ingress["spec"]["rules"][0]["http"]["paths"]:
            assert path["backend"]["service"]["name"] in services


@every_values
def test_probes_and_mounts_name_what_the_pod_has(values: str) -> None:
    for pod in pods(values):
        volumes = {volume["name"] for volume in pod["spec"]["volumes"]}
        for container in pod["spec"]["containers"]:
            ports = {port["name"] for port in container.get("ports", ())}
            probes = [container[name] for name in ("livenessProbe", "readinessProbe") if name in container]
            assert {probe["httpGet"]["port"] for probe in probes if "httpGet" in probe} <= ports
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes


@every_values
def test_one_origin_by_path(values: str) -> None:
    [ingress] = of_kind(values, "Ingress")
    [rule] = ingress["spec"]["rules"]
    paths = {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}
    assert paths == {"/stream/": f"{chart.RELEASE}-stream", "/": f"{chart.RELEASE}-web"}


@every_values
def test_pods_get_as_long_to_stop_as_workers_are_told_that_they_have(values: str) -> None:
    for pod in pods(values):
        told = environment(pod["spec"]["containers"][0])
        assert float(told["WORKER_DRAIN_BUDGET"]) < float(told["WORKER_STOP_GRACE"])
        assert float(told["WORKER_STOP_GRACE"]) < pod["spec"]["terminationGracePeriodSeconds"]


@every_values
def test_every_worker_runs_once_by_name_and_under_a_supervisor(values: str) -> None:
    """Kubernetes starts again whatever ends, also what stopped on purpose; the supervisor does not."""
    runs = [command for name, command in commands(values).items() if name.startswith("workers-")]
    assert all(
        command[:3] == ["python", "manage.py", "run_consumer"] and command[-1] == "--supervise"
        for command in runs
    )
    named = [name for command in runs for name in command[3:-1]]
    assert named == ["all"] or sorted(named) == [worker.name for worker in registry.workers()]


@every_values
def test_nothing_runs_as_root_or_writes_outside_of_its_scratch_space(values: str) -> None:
    for pod in pods(values):
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    for container in containers(values):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["allowPrivilegeEscalation"] is False


def test_migrations_run_before_the_pods_of_a_release() -> None:
    [job] = of_kind("values-prod", "Job")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    steps = [each["command"][2] for each in containers("values-prod") if each["command"][1] == "manage.py"]
    assert [step for step in steps if step != "run_consumer"] == [
        "migrate",
        "migrate_clickhouse",
        "ensure_topics",
    ]


def test_the_settings_of_production_pass_the_deployment_checks() -> None:
    web = next(each for each in containers("values-prod") if each["name"] == "web")
    secret = {"SECRET_KEY": token_urlsafe(50), "DATABASE_URL": "postgres://u:p@db/heimdall"}
    run = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy"],
        cwd=chart.ROOT,
        env=environment(web) | secret | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    # Whether subdomains are served by https, only who owns the domain knows.
    said = set(re.findall(r"^\?: \(([\w.]+)\)", run.stderr, re.MULTILINE))
    assert (run.returncode, said) == (0, {"security.W005", "security.W021"}), run.stderr


def test_what_a_release_is_called_is_what_its_objects_are_called() -> None:
    for values in chart.VALUES:
        assert all(each["metadata"]["name"].startswith(chart.RELEASE) for each in chart.objects(values))
