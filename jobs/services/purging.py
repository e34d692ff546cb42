"""Deleting what nobody needs any more, a bounded number of rows at a time.

Open jobs are never touched. Timelines are append-only: their trigger lets rows go only in a transaction that
says that it purges, and only rows of ended jobs. Other apps add what is theirs with `purge_step`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from heimdall_project.observability import metrics

from ..models import AnalysisJob, JobTransition
from ..states import TERMINAL

PURGE_ROWS = 1000
"""Rows that one step deletes."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One kind of rows that grow old."""

    what: str
    old: Callable[[], QuerySet]  # type: ignore[type-arg]
    """The rows that may go, oldest first."""
    delete: Callable[[list[int]], int]
    """Delete these, by primary key; answers how many went."""


_steps: dict[str, Step] = {}


def purge_step(step: Step) -> None:
    """Add a kind of rows."""
    _steps[step.what] = step


def purgeable() -> dict[str, int]:
    """How many rows of each kind would be purged by and by."""
    return {what: step.old().count() for what, step in _steps.items()}


def purge(*, rows: int = PURGE_ROWS) -> Mapping[str, int]:
    """Purge up to `rows` of each kind, each in a transaction of its own; answers how many went."""
    gone = {what: _purge(step, rows) for what, step in _steps.items()}
    for what, number in gone.items():
        metrics.JOB_ROWS_PURGED.labels(what).inc(number)
    return gone


def purge_all() -> Iterator[Mapping[str, int]]:
    """Purge step by step until nothing is left."""
    while any((gone := purge()).values()):
        yield gone


@transaction.atomic
def _purge(step: Step, rows: int) -> int:
    return step.delete(list(step.old().values_list("pk", flat=True)[:rows]))


def retention() -> timedelta:
    """For how long timelines of ended jobs, and what else tells of them, are kept."""
    return timedelta(seconds=settings.JOB_RETENTION)


def _old_keys() -> QuerySet[AnalysisJob]:
    kept = timedelta(seconds=settings.IDEMPOTENCY_RETENTION)
    keyed = AnalysisJob.objects.filter(status__in=sorted(TERMINAL)).exclude(idempotency_key="")
    return keyed.filter(created_at__lt=Now() - kept).order_by("created_at")


def _forget_keys(ids: list[int]) -> int:
    old = AnalysisJob.objects.filter(pk__in=ids, status__in=sorted(TERMINAL))
    return old.update(idempotency_key="", body_hash="")


def _old_lines() -> QuerySet[JobTransition]:
    long_ago = Now() - retention()
    # `at` is asked for as well because it has an index; a line is hardly ever older than its job's end.
    return JobTransition.objects.filter(at__lt=long_ago, job__finished_at__lt=long_ago).order_by("id")


def _delete_lines(ids: list[int]) -> int:
    with connection.cursor() as sql:
        sql.execute("SELECT set_config('heimdall.purging', 'job_transitions', TRUE)")
        # In one statement with the condition: a job redriven this moment keeps its timeline.
        sql.execute(
            "DELETE FROM job_transitions line USING analysis_jobs job"
            " WHERE line.id = ANY(%s) AND job.id = line.job_id AND job.finished_at IS NOT NULL",
            [ids],
        )
        gone: int = sql.rowcount
        sql.execute("SELECT set_config('heimdall.purging', '', TRUE)")
    return gone


purge_step(Step(what="idempotency_keys", old=_old_keys, delete=_forget_keys))
purge_step(Step(what="timeline_lines", old=_old_lines, delete=_delete_lines))
