"""What a redrive would do, before anybody asks for it."""

from dataclasses import dataclass

from django.db.models import Count, QuerySet

from .. import failures
from ..models import AnalysisJob
from ..states import REDRIVABLE

SAMPLE = 3
"""Jobs that are shown of a group."""


@dataclass(frozen=True, kw_only=True)
class RedriveGroup:
    """Jobs that ended the same way: FAILED with one class, or CANCELLED (then without class and entry)."""

    status: str
    failure_class: str
    count: int
    sample: tuple[AnalysisJob, ...]
    """The latest of them."""
    entry: failures.Entry | None


@dataclass(frozen=True, kw_only=True)
class RedrivePreview:
    """What will be retried and why it failed; and what will not be."""

    redrivable: int
    groups: tuple[RedriveGroup, ...]
    """Largest first."""
    left_alone: dict[str, int]
    """Jobs that cannot be sent again, by their status."""


def redrive_preview(jobs: QuerySet[AnalysisJob]) -> RedrivePreview:
    """Group jobs (those that the caller may see) by how they ended. Two queries, and one more a group."""
    jobs = jobs.order_by()
    ended = jobs.filter(status__in=sorted(REDRIVABLE))
    counts = ended.values_list("status", "failure_class").annotate(number=Count("pk"))
    groups = tuple(
        RedriveGroup(
            status=status,
            failure_class=failure_class,
            count=number,
            sample=_sample(ended.filter(status=status, failure_class=failure_class)),
            entry=failures.entry(failure_class),
        )
        for status, failure_class, number in sorted(counts, key=lambda row: (-row[2], row[0], row[1]))
    )
    others = jobs.exclude(status__in=sorted(REDRIVABLE)).values_list("status").annotate(number=Count("pk"))
    return RedrivePreview(
        redrivable=sum(group.count for group in groups), groups=groups, left_alone=dict(others)
    )


def _sample(jobs: QuerySet[AnalysisJob]) -> tuple[AnalysisJob, ...]:
    return tuple(jobs.order_by("-finished_at", "-pk")[:SAMPLE])
