"""Dashboards as declarations: rows of panels, each a question with its queries. `grafana` renders them."""

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What a panel's numbers are, in Grafana's words."""

    NUMBER = "short"
    SECONDS = "s"
    PER_SECOND = "reqps"
    RATIO = "percentunit"
    BYTES = "bytes"


@dataclass(frozen=True)
class Query:
    """A PromQL expression and how its series are named; `{{label}}` is filled in."""

    expression: str
    legend: str


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One question. `warn` and `alarm` are bounds from which on the answer is yellow and red."""

    question: str
    unit: Unit
    queries: tuple[Query, ...]
    help: str = ""
    stacked: bool = False
    single: bool = False
    """One number, not a line."""
    warn: float | None = None
    alarm: float | None = None
    width: int = 8
    """Of 24 columns."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """Panels that belong together."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """A page. `name` is the file's and the address's."""

    name: str
    title: str
    about: str
    rows: tuple[Row, ...]
