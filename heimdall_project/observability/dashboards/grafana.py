"""A dashboard as Grafana reads it. Stable: the same declaration gives the same bytes."""

import json
from collections.abc import Iterator
from typing import Any

from . import Dashboard, Panel, Row, Unit

SCHEMA = 39
"""Version of Grafana's own format; newer ones read it."""
COLUMNS = 24
HEIGHT = 8
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_NONE: list[Any] = []


def render(dashboard: Dashboard) -> str:
    """The file's text."""
    return json.dumps(page(dashboard), indent=2, ensure_ascii=False) + "\n"


def page(dashboard: Dashboard) -> dict[str, Any]:
    """The dashboard as Grafana's object."""
    return {
        "uid": f"heimdall-{dashboard.name}",
        "title": dashboard.title,
        "description": dashboard.about,
        "tags": ["heimdall", "generated"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": _NONE},
        "templating": {"list": [_datasource(), _workers()]},
        "panels": list(_panels(dashboard.rows)),
    }


def _datasource() -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "refresh": 1,
        "hide": 0,
    }


def _workers() -> dict[str, Any]:
    query = "label_values(heimdall_assigned_partitions, worker)"
    return {
        "name": "worker",
        "label": "Worker",
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": "worker"},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _panels(rows: tuple[Row, ...]) -> Iterator[dict[str, Any]]:
    """Rows one below the other; panels from left to right, as many as there is room for."""
    number, top = 1, 0
    for row in rows:
        yield _row(row, number, top)
        number, top, left = number + 1, top + 1, 0
        for panel in row.panels:
            if left + panel.width > COLUMNS:
                top, left = top + HEIGHT, 0
            place = {"h": HEIGHT, "w": panel.width, "x": left, "y": top}
            yield _panel(panel, number, place)
            number, left = number + 1, left + panel.width
        top += HEIGHT


def _row(row: Row, number: int, top: int) -> dict[str, Any]:
    place = {"h": 1, "w": COLUMNS, "x": 0, "y": top}
    return {
        "id": number,
        "type": "row",
        "title": row.title,
        "collapsed": False,
        "gridPos": place,
        "panels": _NONE,
    }


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": "stat" if panel.single else "timeseries",
        "title": panel.question,
        "description": panel.help,
        "datasource": SOURCE,
        "gridPos": place,
        "targets": [
            {
                "refId": chr(ord("A") + position),
                "datasource": SOURCE,
                "expr": query.expression,
                "legendFormat": query.legend,
                "range": True,
            }
            for position, query in enumerate(panel.queries)
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": _NONE},
        "options": _options(panel),
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    steps += [
        {"color": color, "value": bound}
        for color, bound in (("yellow", panel.warn), ("red", panel.alarm))
        if bound is not None
    ]
    drawn = {
        "drawStyle": "line",
        "fillOpacity": 30 if panel.stacked else 10,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if panel.stacked else "none"},
        "thresholdsStyle": {"mode": "line" if len(steps) > 1 else "off"},
    }
    return {
        "unit": panel.unit.value,
        "min": 0,
        **({"max": 1} if panel.unit is Unit.RATIO else {}),
        "thresholds": {"mode": "absolute", "steps": steps},
        **({} if panel.single else {"custom": drawn}),
    }


def _options(panel: Panel) -> dict[str, Any]:
    if panel.single:
        return {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value", "graphMode": "area"}
    return {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
