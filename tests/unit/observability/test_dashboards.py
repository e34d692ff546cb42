"""Dashboards ask only for what exists, in words that Prometheus understands."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import promql_parser
import pytest
import yaml
from django.conf import settings
from django.core.management import CommandError, call_command
from prometheus_client import generate_latest

from heimdall_project.management.commands import export_dashboards
from heimdall_project.observability import alerts, metrics
from heimdall_project.observability.alerts import Alert
from heimdall_project.observability.catalogue import catalogue, table
from heimdall_project.observability.dashboards import Panel, Query, Unit
from heimdall_project.observability.dashboards.grafana import page

SERIES = {series: metric for metric in catalogue() for series in metric.series}
SCRAPED = {"job", "instance"}
"""Labels that the scraper adds."""


class Asked(NamedTuple):
    """A query and where it stands."""

    dashboard: str
    panel: Panel
    query: Query


ASKED = [
    Asked(dashboard.name, panel, query)
    for dashboard in export_dashboards.DASHBOARDS
    for row in dashboard.rows
    for panel in row.panels
    for query in panel.queries
]
PAGES = {each.name: page(each) for each in export_dashboards.DASHBOARDS}


def parsed(query: Query) -> Any:
    """The expression's tree, with Grafana's own variables filled in as it does."""
    return promql_parser.parse(query.expression.replace("$__rate_interval", "5m").replace("$worker", ".*"))


def nodes(tree: Any) -> Iterator[Any]:
    """A tree and all below it."""
    yield tree
    for name in ("expr", "lhs", "rhs", "param", "vector_selector"):
        if (child := getattr(tree, name, None)) is not None:
            yield from nodes(child)
    for child in getattr(tree, "args", None) or ():
        yield from nodes(child)


def selectors(query: Query) -> list[Any]:
    return [node for node in nodes(parsed(query)) if isinstance(node, promql_parser.VectorSelector)]


def grouped(query: Query) -> set[str]:
    """Labels that an expression groups by."""
    found: set[str] = set()
    for node in nodes(parsed(query)):
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            found |= set(node.modifier.labels)
    return found


@pytest.mark.parametrize("alert", alerts.ALERTS, ids=lambda alert: alert.name)
def test_each_alert_asks_for_metrics_and_labels_that_exist_and_says_what_to_do(alert: Alert) -> None:
    found = selectors(Query(alert.expression, ""))
    assert found
    for selector in found:
        known = SERIES[selector.name].labels_of(selector.name) | SCRAPED
        assert {matcher.name for matcher in selector.matchers.matchers} <= known
    assert alert.summary.endswith(".") and alert.todo.endswith(".")


def test_alerts_are_written_as_prometheus_reads_them() -> None:
    [group] = yaml.safe_load(alerts.render())["groups"]
    assert [(rule["alert"], rule["expr"], rule["for"]) for rule in group["rules"]] == [
        (alert.name, alert.expression, f"{alert.minutes}m") for alert in alerts.ALERTS
    ]
    assert all(set(rule["annotations"]) == {"summary", "todo"} for rule in group["rules"])


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: f"{asked.panel.question} {asked.query.legend}")
def test_each_expression_asks_for_metrics_and_labels_that_exist(asked: Asked) -> None:
    found = selectors(asked.query)
    assert found
    for selector in found:
        assert selector.name in SERIES, selector.name
        known = SERIES[selector.name].labels_of(selector.name) | SCRAPED
        used = {matcher.name for matcher in selector.matchers.matchers} | grouped(asked.query)
        assert used <= known, f"{selector.name} has no label {used - known}"


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: f"{asked.panel.question} {asked.query.legend}")
def test_each_legend_names_labels_that_the_expression_keeps(asked: Asked) -> None:
    named = set(re.findall(r"\{\{(\w+)\}\}", asked.query.legend))
    assert named == grouped(asked.query) - {"le"}


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: f"{asked.panel.question} {asked.query.legend}")
def test_counters_are_asked_for_their_rate_and_gauges_for_their_value(asked: Asked) -> None:
    counts = [s for s in selectors(asked.query) if SERIES[s.name].kind != "gauge"]
    rated = re.findall(r"(?:rate|increase)\(", asked.query.expression)
    assert len(rated) == len(counts)


def test_a_metric_that_does_not_exist_or_an_expression_that_is_none_would_be_found() -> None:
    [selector] = selectors(Query("sum (rate(heimdall_jobs_imagined_total[5m]))", ""))
    assert selector.name not in SERIES
    with pytest.raises(ValueError, match=r"paren|expected"):
        parsed(Query("sum (rate(heimdall_jobs_submitted_total[5m])", ""))


def test_names_are_those_that_prometheus_sees() -> None:
    exposed = dict(re.findall(r"^# TYPE (\S+) (\S+)$", generate_latest().decode(), re.MULTILINE))
    assert {metric.name: exposed.get(metric.name) for metric in catalogue()} == {
        metric.name: metric.kind for metric in catalogue()
    }
    metrics.JOB_SECONDS.labels("FAILED").observe(1)
    assert 'heimdall_job_seconds_bucket{le="0.05",status="FAILED"}' in generate_latest().decode()


@pytest.mark.parametrize("name", PAGES)
def test_panels_have_ids_of_their_own_a_unit_and_a_place_that_is_free(name: str) -> None:
    panels = PAGES[name]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken and max(x for x, _ in cells) < 24
        taken |= cells
        if panel["type"] != "row":
            assert panel["fieldConfig"]["defaults"]["unit"] in set(Unit)
            letters = [each["refId"] for each in panel["targets"]]
            assert letters and len(set(letters)) == len(letters)


@pytest.mark.parametrize("name", PAGES)
def test_the_data_source_is_chosen_by_whoever_looks(name: str) -> None:
    board = PAGES[name]
    variables = {each["name"]: each for each in board["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    asking = [panel for panel in board["panels"] if panel["type"] != "row"]
    sources = [each["datasource"]["uid"] for panel in asking for each in [panel, *panel["targets"]]]
    assert set(sources) == {"${datasource}"}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps([panel["targets"] for panel in asking])))
    assert used <= {*variables, "__rate_interval"}


def test_every_question_is_asked_once() -> None:
    for dashboard in export_dashboards.DASHBOARDS:
        questions = [panel.question for row in dashboard.rows for panel in row.panels]
        assert len(set(questions)) == len(questions) and all(each.endswith("?") for each in questions)


def test_the_files_are_what_is_declared() -> None:
    call_command("export_dashboards", "--check")


def test_a_file_that_differs_is_named_and_written_anew(settings: Any, tmp_path: Path) -> None:
    root = Path(settings.BASE_DIR)
    (tmp_path / "docs").mkdir()
    (tmp_path / export_dashboards.PAGE).write_text((root / export_dashboards.PAGE).read_text())
    settings.BASE_DIR = tmp_path
    with pytest.raises(CommandError, match=r"jobs\.json is out of date"):
        call_command("export_dashboards", "--check")
    call_command("export_dashboards", verbosity=0)
    call_command("export_dashboards", "--check")
    assert (tmp_path / "docker/grafana/dashboards/jobs.json").read_text() == (
        root / "docker/grafana/dashboards/jobs.json"
    ).read_text()


def test_the_table_names_every_metric_with_its_labels() -> None:
    rows = {line.split("`")[1]: line for line in table().splitlines() if line.startswith("| `")}
    assert rows.keys() == {metric.name for metric in catalogue()}
    assert "| counter | `status`, `failure_class` |" in rows["heimdall_jobs_ended_total"]
    assert str(settings.BASE_DIR) not in table()
