"""The Swarm stack: what `docker stack deploy` takes, from the catalogue of compose, and safe to update."""

import re
from typing import Any

import pytest

from heimdall_project.env import VARIABLES
from tests.architecture import compose

STACK = compose.read("stack.yml")
SERVICES: dict[str, Any] = STACK["services"]
COMPOSED: dict[str, Any] = {
    name: service
    for name, service in compose.read("compose.yml")["services"].items()
    if "profiles" not in service
}
DATA = ("kafka", "postgres", "redis", "clickhouse")
ONCE = ("migrate", "tables", "topics")
OURS = ("migrate", "tables", "topics", "web", "stream", "workers")
ROLLING = ("web", "stream", "workers", "proxy")
ELSEWHERE = {
    "build",
    "container_name",
    "depends_on",
    "restart",
    "links",
    "network_mode",
    "profiles",
    "extends",
}
"""Keys that Swarm ignores or refuses."""
SCRIPT = (compose.DOCKER / "stack.sh").read_text()


def test_the_stack_is_what_docker_stack_deploy_takes() -> None:
    assert compose.violations(STACK, "swarm-stack") == []


def test_that_schema_notices_a_key_that_deploy_does_not_have() -> None:
    broken = compose.read("stack.yml")
    broken["services"]["web"]["deploy"]["order"] = "start-first"
    assert compose.violations(broken, "swarm-stack")


def test_it_runs_the_services_of_compose_and_no_others() -> None:
    assert set(SERVICES) == set(COMPOSED)


@pytest.mark.parametrize("name", SERVICES)
def test_each_runs_the_same_program(name: str) -> None:
    assert SERVICES[name].get("command") == COMPOSED[name].get("command")
    if name not in OURS:
        assert SERVICES[name]["image"] == COMPOSED[name]["image"]


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_relies_on_what_only_compose_knows(name: str) -> None:
    assert not set(SERVICES[name]) & ELSEWHERE


@pytest.mark.parametrize("name", OURS)
def test_settings_exist_and_secrets_come_as_files(name: str) -> None:
    given = compose.environment(SERVICES[name])
    files = {each.removesuffix("_FILE") for each in given if each.endswith("_FILE")}
    plain = {each for each in given if not each.endswith("_FILE")} - {"HEALTH_PORT"}
    assert files | plain <= set(VARIABLES)
    assert all(VARIABLES[each].secret for each in files)
    assert not any(VARIABLES[each].secret for each in plain)
    mounted = {f"/run/secrets/{each['target']}" for each in SERVICES[name]["secrets"]}
    assert {given[f"{each}_FILE"] for each in files} == mounted


@pytest.mark.parametrize("name", OURS)
def test_settings_say_what_they_say_in_compose(name: str) -> None:
    here, there = compose.environment(SERVICES[name]), compose.environment(COMPOSED[name])
    files = {"SECRET_KEY", "DATABASE_URL", "CLICKHOUSE_URL"}
    assert set(there) - set(here) == files | {"MODEL_API_KEY"}
    assert set(here) - set(there) == {f"{each}_FILE" for each in files}
    outside = {
        "ALLOWED_HOSTS",
        "HEIMDALL_ENVIRONMENT",
        "COOKIE_SECURE",
        "TRUSTED_PROXIES",
        "TRUST_FORWARDED_PROTO",
    }
    assert {n: here[n] for n in set(here) & set(there) - outside} == {
        n: there[n] for n in set(here) & set(there) - outside
    }


def test_the_broker_is_set_up_as_in_compose() -> None:
    here, there = compose.environment(SERVICES["kafka"]), compose.environment(COMPOSED["kafka"])
    assert {name for name in here | there if here.get(name) != there.get(name)} == {
        "KAFKA_CONTROLLER_QUORUM_VOTERS"
    }
    # Its service's address reaches only what is well, and it is not well before it reached itself.
    assert here["KAFKA_CONTROLLER_QUORUM_VOTERS"] == "1@localhost:9093"


def test_what_has_no_safe_default_must_be_said() -> None:
    assert compose.required(STACK) == {"HEIMDALL_IMAGE", "ALLOWED_HOSTS"}
    assert all(secret["external"] for secret in STACK["secrets"].values())


def test_the_script_asks_for_what_the_stack_needs() -> None:
    names = re.search(r"^secrets=\((.*)\)$", SCRIPT, re.M)
    assert names and set(names[1].split()) == {each["name"] for each in STACK["secrets"].values()}
    assert all(f"{name}" in SCRIPT for name in compose.required(STACK))
    label = SERVICES["kafka"]["deploy"]["placement"]["constraints"][0]
    assert label == "node.labels.heimdall.data == true" and "node.label=heimdall.data=true" in SCRIPT


# --- running ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*DATA, *ROLLING])
def test_what_keeps_running_tells_whether_it_is_well(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD" and {"interval", "timeout", "retries"} <= set(check)


@pytest.mark.parametrize("name", ROLLING)
def test_a_bad_version_goes_back_by_itself_and_the_old_one_stays_until_then(name: str) -> None:
    deploy = SERVICES[name]["deploy"]
    assert deploy["update_config"]["failure_action"] == "rollback"
    assert deploy["update_config"]["order"] == deploy["rollback_config"]["order"] == "start-first"
    assert deploy["restart_policy"]["condition"] == "any"
    check = SERVICES[name]["healthcheck"]
    assert seconds(deploy["update_config"]["monitor"]) >= seconds(check["interval"]) * check["retries"]


@pytest.mark.parametrize("name", DATA)
def test_data_stays_on_its_node_and_is_never_opened_twice(name: str) -> None:
    deploy = SERVICES[name]["deploy"]
    assert deploy["replicas"] == 1 and deploy["placement"]["constraints"]
    assert deploy["update_config"]["order"] == deploy["rollback_config"]["order"] == "stop-first"
    volumes = [each.partition(":")[0] for each in SERVICES[name]["volumes"]]
    assert set(volumes) <= set(STACK["volumes"])


def test_only_services_with_data_have_volumes() -> None:
    assert {name for name, service in SERVICES.items() if "volumes" in service} == set(DATA)


@pytest.mark.parametrize("name", ONCE)
def test_what_runs_once_is_a_job_that_is_tried_until_it_is_done(name: str) -> None:
    deploy = SERVICES[name]["deploy"]
    assert deploy["mode"] == "replicated-job" and deploy["restart_policy"]["condition"] == "on-failure"
    assert "update_config" not in deploy  # jobs have none


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_bounds_and_a_bounded_log(name: str) -> None:
    resources = SERVICES[name]["deploy"]["resources"]
    assert {"cpus", "memory"} <= set(resources["limits"]) and "memory" in resources["reservations"]
    assert {"max-size", "max-file"} <= set(SERVICES[name]["logging"]["options"])


@pytest.mark.parametrize("name", OURS)
def test_ours_run_without_privileges_and_have_time_to_drain(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] and service["init"] and service["cap_drop"] == ["ALL"]
    assert service["stop_grace_period"] == f"{compose.environment(service)['WORKER_STOP_GRACE']}s"


def test_the_world_reaches_the_proxy_and_the_proxy_reaches_no_data() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"proxy"}
    assert SERVICES["proxy"]["networks"] == ["front"]
    assert {name for name, service in SERVICES.items() if "front" in service["networks"]} == {
        "proxy", "web", "stream",
    }  # fmt: skip
    for network in STACK["networks"].values():
        assert network["driver"] == "overlay" and network["driver_opts"]["encrypted"] == "true"


def test_the_proxy_is_the_one_of_compose() -> None:
    [config] = SERVICES["proxy"]["configs"]
    assert config["target"] == "/etc/nginx/conf.d/default.conf"
    assert (compose.DOCKER / STACK["configs"][config["source"]]["file"]).name == "heimdall.conf"
    assert "${" in STACK["configs"][config["source"]]["name"]  # a config cannot be changed, only followed


def seconds(text: str) -> int:
    """Of a duration in seconds."""
    return int(text.removesuffix("s"))
