"""The only place where a topic is named.

`Topic` members are logical names; `TopicSpec.physical` adds the configured prefix, so that several
installations or tests can share a cluster.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

DAY_MS = 86_400_000
DEAD_LETTER_MARGIN = 64 * 1024
"""Bytes by which dead-letter topics take larger records than their sources: room for our headers."""


class Topic(StrEnum):
    """Every topic of the system."""

    ANALYSIS_REQUEST = "analysis.request"
    ANALYSIS_RESULT = "analysis.result"
    PAGE_VIEWS = "events.page_view.v1"
    PAGE_VIEWS_DLT = "events.page_view.v1.dlt"
    LOG_EVENTS = "log-events"
    LOG_EVENTS_DLT = "log-events.dlt"
    CATALOG_UPSERTS = "catalog.upsert.v1"
    CATALOG_UPSERTS_DLT = "catalog.upsert.v1.dlt"
    DLQ_FAILED = "dlq.failed"


@dataclass(frozen=True, kw_only=True)
class TopicSpec:
    """How a topic is made, and where its invalid records go."""

    name: str
    key: str
    partitions: int
    retention_ms: int
    dead_letters: str | None
    meaning: str
    accepts_results: bool = False

    @property
    def max_bytes(self) -> int:
        """Largest record that the topic takes, in bytes."""
        return settings.KAFKA_MAX_RECORD_BYTES + (0 if self.dead_letters else DEAD_LETTER_MARGIN)

    @property
    def physical(self) -> str:
        """The name on the broker."""
        return physical(self.name)

    @property
    def config(self) -> dict[str, str]:
        """Topic configuration that `ensure_topics` keeps. Broker time makes minutes comparable."""
        return {
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_bytes),
            "message.timestamp.type": "LogAppendTime",
            "cleanup.policy": "delete",
        }


_specs: dict[str, TopicSpec] = {}


def declare(spec: TopicSpec) -> TopicSpec:
    """Add a topic to the catalogue. Raises ValueError on a second declaration of a name."""
    if spec.name in _specs:
        raise ValueError(f"topic {spec.name!r} is declared twice")
    _specs[spec.name] = spec
    return spec


def spec(name: str) -> TopicSpec:
    """The declaration of a topic, by logical name. Raises KeyError naming the known ones."""
    try:
        return _specs[name]
    except KeyError:
        raise KeyError(f"unknown topic {name!r}; known: {', '.join(_specs)}") from None


def specs() -> list[TopicSpec]:
    """All declared topics, in order of declaration."""
    return list(_specs.values())


def physical(name: str) -> str:
    """The name of a topic on the broker."""
    return f"{settings.KAFKA_TOPIC_PREFIX}{name}"


def logical(name: str) -> str:
    """The name of a topic in this code, from its name on the broker."""
    return name.removeprefix(settings.KAFKA_TOPIC_PREFIX)


def result_topics() -> list[str]:
    """Topics that a requester may choose for the answer."""
    return [each.name for each in _specs.values() if each.accepts_results]


def _standard(
    name: Topic, key: str, partitions: int, days: int, dlt: Topic, meaning: str, **more: bool
) -> None:
    declare(
        TopicSpec(
            name=name,
            key=key,
            partitions=partitions,
            retention_ms=days * DAY_MS,
            dead_letters=dlt,
            meaning=meaning,
            **more,
        )
    )


def _dead(name: Topic, meaning: str) -> None:
    declare(
        TopicSpec(
            name=name,
            key="original key",
            partitions=1,
            retention_ms=30 * DAY_MS,
            dead_letters=None,
            meaning=meaning,
        )
    )


_standard(Topic.ANALYSIS_REQUEST, "log_id", 3, 7, Topic.DLQ_FAILED, "Jobs to analyse a log.")
_standard(
    Topic.ANALYSIS_RESULT, "log_id", 3, 7, Topic.DLQ_FAILED, "Answers to analysis jobs.", accepts_results=True
)
_standard(Topic.PAGE_VIEWS, "content_id", 6, 7, Topic.PAGE_VIEWS_DLT, "Views, likes and dwell times.")
_standard(Topic.LOG_EVENTS, "request_id", 3, 3, Topic.LOG_EVENTS_DLT, "One wide event a unit of work.")
_standard(Topic.CATALOG_UPSERTS, "content id", 3, 7, Topic.CATALOG_UPSERTS_DLT, "Changes of catalog items.")
_dead(Topic.DLQ_FAILED, "Dead letters of the analysis topics.")
_dead(Topic.PAGE_VIEWS_DLT, "Dead letters of page views.")
_dead(Topic.LOG_EVENTS_DLT, "Dead letters of wide events.")
_dead(Topic.CATALOG_UPSERTS_DLT, "Dead letters of catalog changes.")
