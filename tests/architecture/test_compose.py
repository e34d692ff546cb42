"""The compose files are what compose takes, merge into what they mean, and name nothing that is not there."""

import hashlib
import json
import re
from typing import Any

import pytest
import yaml

from heimdall_project.env import VARIABLES
from heimdall_project.streams import registry
from tests.architecture import chart, compose

CORE = {
    "kafka",
    "postgres",
    "redis",
    "clickhouse",
    "migrate",
    "tables",
    "topics",
    "web",
    "stream",
    "workers",
    "proxy",
}
PROFILES = {"observability": {"prometheus", "grafana", "jaeger"}, "model": {"model"}}
ONCE = ("migrate", "tables", "topics")
DONE = "/tmp/done"  # noqa: S108 - in a container of its own
FILES = ("compose.yml", "compose.e2e.yml", "stack.yml")
every_merged = pytest.mark.parametrize("name", compose.MERGED)


def services(name: str) -> dict[str, Any]:
    return dict(compose.merged(name)["services"])


def needs(service: dict[str, Any]) -> dict[str, str]:
    return {name: how["condition"] for name, how in service.get("depends_on", {}).items()}


# --- form ---------------------------------------------------------------------------------------------


@every_merged
def test_what_is_kept_was_merged_from_these_files(name: str) -> None:
    """If this fails: python -m tests.architecture.compose."""
    kept = (compose.RENDERED / f"{name}.yml").read_text()
    assert kept.startswith(compose.header(name))
    if compose.tool():
        assert kept == compose.header(name) + compose.render(name)


@pytest.mark.parametrize("schema", ["compose-spec", "swarm-stack"])
def test_schemas_of_others_are_unchanged(schema: str) -> None:
    told = (compose.SCHEMAS / "README.md").read_text()
    digest = hashlib.sha256((compose.SCHEMAS / f"{schema}.json").read_bytes()).hexdigest()
    assert re.search(rf"`{schema}\.json`.*`{digest}`", told)


@pytest.mark.parametrize("file", FILES)
def test_each_file_keeps_the_compose_specification(file: str) -> None:
    assert compose.violations(compose.read(file), "compose-spec") == []


@every_merged
def test_merged_they_keep_it_too(name: str) -> None:
    assert compose.violations(compose.merged(name), "compose-spec") == []


def test_the_schema_notices_what_is_wrong() -> None:
    broken = compose.read("compose.yml")
    broken["services"]["web"]["depend_on"] = ["redis"]
    assert compose.violations(broken, "compose-spec")


# --- what it says -------------------------------------------------------------------------------------


def test_without_a_profile_the_core_starts_and_each_profile_adds_its_own() -> None:
    by_profile: dict[str, set[str]] = {}
    for name, service in services("compose").items():
        for profile in service.get("profiles", [""]):
            by_profile.setdefault(profile, set()).add(name)
    assert by_profile == {"": CORE, **PROFILES}


@every_merged
def test_nothing_needs_what_a_profile_leaves_out(name: str) -> None:
    all_of_them = services(name)
    for service in all_of_them.values():
        for needed in needs(service):
            theirs = set(all_of_them[needed].get("profiles", ()))
            assert not theirs or theirs & set(service.get("profiles", ()))


@every_merged
def test_every_image_of_others_is_pinned_by_a_version(name: str) -> None:
    images = {each["image"] for each in services(name).values() if not each["image"].startswith("heimdall:")}
    assert images and all(re.fullmatch(r"[\w./-]+:v?\d[\w.-]*", image) for image in images)


@every_merged
def test_volumes_networks_and_mounted_files_are_there(name: str) -> None:
    document = compose.merged(name)
    for service in document["services"].values():
        for mount in service.get("volumes", ()):
            if mount["type"] == "volume":
                assert mount["source"] in document["volumes"]
            else:
                assert (compose.DOCKER / mount["source"]).exists(), mount["source"]


def test_only_the_proxy_is_published_to_the_world() -> None:
    for name, service in services("compose").items():
        for port in service.get("ports", ()):
            assert name == "proxy" or port.startswith("127.0.0.1:")


def test_variables_that_are_passed_on_are_settings_and_empty_means_the_default() -> None:
    given = compose.environment(compose.read("compose.yml")["services"]["workers"])
    for name, value in given.items():
        if value.startswith("${") and value.endswith(":-}"):
            assert value == f"${{{name}:-}}" and name in VARIABLES


def test_compose_stack_and_chart_offer_the_same_settings() -> None:
    composed = set(compose.environment(compose.read("compose.yml")["services"]["web"]))
    charted = set(yaml.safe_load((chart.CHART / "values.yaml").read_text())["env"])
    assert {name for name in composed - charted if not VARIABLES[name].secret} == {"COOKIE_SECURE"}
    assert charted <= composed


# --- the overlay that drives a job --------------------------------------------------------------------


def test_the_overlay_drives_a_job_through_the_proxy_as_its_last_container() -> None:
    e2e = services("compose-e2e")["e2e"]
    assert e2e["command"][-1].endswith("exec python -m docker.e2e") and e2e["restart"] == "no"
    assert needs(e2e) == dict.fromkeys(("migrate", "proxy", "workers"), "service_healthy")
    variables = compose.environment(e2e)
    assert variables["E2E_URL"] == "http://proxy:8080"
    assert set(variables) - {"E2E_URL", "E2E_TIMEOUT"} <= set(VARIABLES)
    for door in ("web", "stream"):
        assert "proxy" in compose.environment(services("compose-e2e")[door])["ALLOWED_HOSTS"].split(",")


def test_in_the_overlay_nothing_ends_before_the_job_does() -> None:
    """`--abort-on-container-exit` would take the end of any container for the end of all."""
    for name, service in services("compose-e2e").items():
        lasts = service.get("restart") == "unless-stopped" or "exec sleep infinity" in str(service["command"])
        assert name == "e2e" or lasts
        assert "service_completed_successfully" not in needs(service).values()


@pytest.mark.parametrize("name", ONCE)
def test_what_runs_once_does_the_same_work_in_the_overlay_and_is_well_when_it_is_done(name: str) -> None:
    plain, overlaid = services("compose")[name], services("compose-e2e")[name]
    words = overlaid["command"][-1].partition(" && ")
    assert words[0].split() == plain["command"]
    assert words[2] == f"touch {DONE} && exec sleep infinity"
    assert overlaid["healthcheck"]["test"] == ["CMD", "test", "-f", DONE]
    assert not overlaid["healthcheck"]["disable"]


def test_the_overlay_changes_nothing_else_of_the_core() -> None:
    plain, overlaid = services("compose"), services("compose-e2e")
    assert set(overlaid) == set(plain) | {"e2e"}
    for name in CORE - {*ONCE}:
        for field in ("image", "command", "healthcheck", "volumes"):
            assert overlaid[name].get(field) == plain[name].get(field), (name, field)
    assert not overlaid["proxy"]["ports"]


# --- observability ------------------------------------------------------------------------------------


def test_prometheus_asks_both_doors_and_every_worker_where_it_is_told_to_serve() -> None:
    config = (compose.DOCKER / "prometheus/prometheus.yml").read_text()
    asked = {
        (target["names"][0], target["port"])
        for job in yaml.safe_load(config)["scrape_configs"]
        for target in job["dns_sd_configs"]
    }
    first = int(compose.environment(services("compose")["workers"])["HEIMDALL_METRICS_PORT"])
    names = sorted(worker.name for worker in registry.workers())
    workers = {("workers", first + number) for number in range(len(names))}
    assert asked == {("web", 8000), ("stream", 8001)} | workers
    assert re.findall(r"# (\S+)$", config.partition("workers\n")[2], re.M) == names


def test_grafana_finds_the_dashboards_and_where_their_numbers_are() -> None:
    provisioning = compose.DOCKER / "grafana/provisioning"
    [provider] = yaml.safe_load((provisioning / "dashboards/heimdall.yml").read_text())["providers"]
    mounts = {each["target"]: each["source"] for each in services("compose")["grafana"]["volumes"]}
    dashboards = compose.DOCKER / mounts[provider["options"]["path"]]
    assert [json.loads(path.read_text())["title"] for path in sorted(dashboards.glob("*.json"))]
    [source] = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090" and source["type"] == "prometheus"
