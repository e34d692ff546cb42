"""What the page of one job shows."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count, Sum
from django.utils import timezone

from heimdall_project.accounts.models import AuditEvent, User
from heimdall_project.streams import registry, worker_registry
from heimdall_project.streams.admin.wording import duration, visible, visible_prose
from heimdall_project.streams.topics import Topic

from .. import failures, selectors
from ..models import AnalysisAttempt, AnalysisJob, JobTransition
from ..services.sweeping import ACTOR as SWEEPER
from ..states import TERMINAL, Status
from .log_view import citations, excerpt
from .timeline_view import lines, steps, tries
from .where import Crew, Limits, where
from .wording import LEVEL_COLOURS, PRIORITY_COLOURS, SEVERITY_COLOURS, STATUS_COLOURS

RELAY = "outbox-relay"
ACTS = 50
"""Acts of operators that are shown."""
ACT_COLOURS = {"ok": "success", "failed": "danger", "running": "info", "unknown": "warning"}


class Citation(NamedTuple):
    """A claim and the line that it stands on."""

    number: int
    claim: str
    is_shown: bool
    """Whether the page has that line to jump to."""


def page(job: AnalysisJob, user: User) -> dict[str, Any]:
    """Everything that the template needs, for this user."""
    told = list(selectors.timeline_of(job))
    attempts = list(job.attempts.defer("answer").all())
    result = _visible(job.result) if isinstance(job.result, dict) else None
    entry = job.log_entry
    ended = job.finished_at or timezone.now()
    cited = citations(result)
    rows = excerpt(entry.content, cited)
    return {
        "job": job,
        "entry": entry,
        "service": visible(entry.service_name),
        "environment": visible(entry.environment),
        "where": _where(job, attempts, told),
        "status_colour": STATUS_COLOURS[job.status],
        "priority_colour": PRIORITY_COLOURS.get(job.priority, "default"),
        "level_colour": LEVEL_COLOURS.get(entry.level, "default"),
        "took": duration((ended - job.created_at).total_seconds()),
        "steps": steps(job, told),
        "lines": lines(told),
        "result": result,
        "severity_colour": SEVERITY_COLOURS.get(str((result or {}).get("severity", "")), "default"),
        "confidence": _per_cent((result or {}).get("confidence")),
        "rows": rows,
        "cited": _cited(cited, {row.number for row in rows}),
        "tries": tries(attempts),
        "acts": _acts(job, user),
        "failure": failures.entry(job.failure_class),
        "failure_message": visible_prose(job.failure_message),
        "metadata": json.dumps(job.metadata, indent=2, ensure_ascii=False) if job.metadata else "",
        "is_open": Status(job.status) not in TERMINAL,
    }


def _where(job: AnalysisJob, attempts: Sequence[AnalysisAttempt], told: Sequence[JobTransition]) -> Any:
    current = next((each for each in attempts if each.request_id == job.request_id), None)
    last: dict[str, tuple[datetime, str, str]] = {
        line.event: (line.at, line.actor, visible(line.note)) for line in told
    }
    limits = Limits(settings.JOB_QUEUE_DEADLINE, settings.JOB_ATTEMPTS)
    crews = _crews() if Status(job.status) not in TERMINAL else {}
    return where(job, current, last, crews, limits, timezone.now())


def _crews() -> Mapping[str, Crew]:
    """Who runs of those that move a job: relay, analysis worker, sweeper."""
    readers = registry.workers(where=lambda worker: getattr(worker, "topic", None) == Topic.ANALYSIS_REQUEST)
    names = {"relay": RELAY, "worker": readers[0].name if readers else "analysis-worker", "sweeper": SWEEPER}
    alive = worker_registry.alive().filter(worker__in=names.values()).order_by()
    found = {
        row["worker"]: Crew(row["worker"], row["members"], row["lag"])
        for row in alive.values("worker").annotate(members=Count("pk"), lag=Sum("lag_records"))
    }
    return {part: found.get(name, Crew(name, 0, None)) for part, name in names.items()}


def _acts(job: AnalysisJob, user: User) -> list[tuple[AuditEvent, str]] | None:
    """What people did to the job, for those who may see the audit trail."""
    if not user.has_perm("accounts.view_auditevent"):
        return None
    acts = AuditEvent.objects.acts().filter(target=str(job)).order_by("-at", "-pk")[:ACTS]
    return [(act, ACT_COLOURS[act.state]) for act in acts]


def _cited(cited: Mapping[int, Sequence[str]], shown: set[int]) -> list[Citation]:
    return [Citation(number, claim, number in shown) for number in sorted(cited) for claim in cited[number]]


def _visible(result: dict[str, Any]) -> dict[str, Any]:
    return {name: visible_prose(value) if isinstance(value, str) else value for name, value in result.items()}


def _per_cent(confidence: object) -> int | None:
    return round(100 * confidence) if isinstance(confidence, int | float) else None
