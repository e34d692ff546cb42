"""Attempts with all that an analysis needs, read in one statement that is put together once.

The ORM would say the same, but builds its SQL of sixty columns anew for every claim: a third of what a claim
costs. Columns that are left out are read when somebody touches them.
"""

from collections.abc import Iterable
from functools import cache
from itertools import accumulate, pairwise
from typing import Any, cast
from uuid import UUID

from django.db import connection
from django.db.models import Model

from ..models import AnalysisAttempt, AnalysisJob, LogEntry

# JSON and long texts that a claim does not look at, in the words of the models.
_LEFT_OUT = {
    AnalysisAttempt: {"answer", "failure_message", "reason"},
    AnalysisJob: {"metadata", "result", "failure_message"},
    LogEntry: set[str](),
}
_TABLES: tuple[type[Model], ...] = (AnalysisAttempt, AnalysisJob, LogEntry)


def attempts_load(request_ids: Iterable[UUID]) -> dict[UUID, AnalysisAttempt]:
    """These attempts by request_id, with `job` and `job.log_entry`."""
    with connection.cursor() as sql:
        sql.execute(_statement(), [list(request_ids)])
        return {attempt.request_id: attempt for attempt in map(_attempt, sql.fetchall())}


@cache
def _names(model: type[Model]) -> list[str]:
    return [f.attname for f in model._meta.concrete_fields if f.attname not in _LEFT_OUT[model]]


@cache
def _statement() -> str:
    columns = ", ".join(f"{model._meta.db_table}.{name}" for model in _TABLES for name in _names(model))
    return (
        f"SELECT {columns} FROM analysis_attempts JOIN analysis_jobs ON analysis_jobs.id = job_id"  # noqa: S608
        " JOIN log_entries ON log_entries.id = log_entry_id WHERE analysis_attempts.request_id = ANY(%s)"
    )


def _attempt(row: tuple[Any, ...]) -> AnalysisAttempt:
    ends = accumulate((len(_names(model)) for model in _TABLES), initial=0)
    made: list[Any] = [
        model.from_db(connection.alias, _names(model), row[first:last])
        for model, (first, last) in zip(_TABLES, pairwise(ends), strict=True)
    ]
    attempt, job, log = made
    attempt.job, job.log_entry = job, log
    return cast(AnalysisAttempt, attempt)
