"""The metric catalogue as data: what `metrics.py` declares, under the names that Prometheus sees."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from . import metrics

KINDS: dict[type[MetricWrapperBase], str] = {Counter: "counter", Gauge: "gauge", Histogram: "histogram"}


@dataclass(frozen=True)
class Metric:
    """One metric as declared."""

    name: str
    """As exposed: a counter's ends with `_total`; a histogram's is the stem of its three series."""
    kind: str
    labels: tuple[str, ...]
    meaning: str

    @property
    def series(self) -> tuple[str, ...]:
        """Names that an expression can select."""
        if self.kind == "histogram":
            return tuple(f"{self.name}_{part}" for part in ("bucket", "count", "sum"))
        return (self.name,)

    def labels_of(self, series: str) -> frozenset[str]:
        """Labels of one of its series, without those that the scraper adds."""
        return frozenset(self.labels) | ({"le"} if series.endswith("_bucket") else set())


def catalogue() -> list[Metric]:
    """All metrics, in order of declaration."""
    return list(_declared())


def _declared() -> Iterator[Metric]:
    for value in vars(metrics).values():
        if isinstance(value, MetricWrapperBase):
            kind = KINDS[type(value)]
            [described] = value.describe()
            name = f"{described.name}_total" if kind == "counter" else described.name
            yield Metric(name, kind, value._labelnames, described.documentation)


def table() -> str:
    """The catalogue as a Markdown table."""
    rows = [
        f"| `{each.name}` | {each.kind} | {_spelled(each.labels)} | {each.meaning} |" for each in catalogue()
    ]
    return "\n".join(["| metric | kind | labels | meaning |", "|---|---|---|---|", *rows, ""])


def _spelled(labels: tuple[str, ...]) -> str:
    return ", ".join(f"`{label}`" for label in labels) or "none"
