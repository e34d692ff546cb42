"""The first page of the admin: is everything well, what is waiting, who did what. For whom may see it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from dlq_admin.selectors import letter_counts
from dlq_admin.states import WAITING
from jobs.admin.wording import STATUS_COLOURS
from jobs.models import AnalysisJob
from jobs.selectors import job_counts
from jobs.states import Status

from .accounts.models import AuditEvent, User
from .observability import readiness
from .observability.readiness import Answer
from .streams import registry

ROWS = 6
_ACT_COLOURS = {"ok": "success", "failed": "danger", "running": "info", "unknown": "warning"}


class Card(NamedTuple):
    """One number with what it means."""

    title: str
    value: str
    note: str
    icon: str
    href: str
    good: bool = True


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """`DASHBOARD_CALLBACK` of the admin's theme."""
    answers = readiness.ask_all(settings.READY_TIMEOUT)
    context["dependencies"] = _dependencies(answers)
    context["cards"] = []
    if isinstance(request.user, User) and request.user.has_perm("jobs.view_analysisjob"):
        context["cards"] += _job_cards(request.user)
        context["latest_jobs"] = _latest_jobs()
    if request.user.has_perm("dlq_admin.view_cluster"):
        context["cards"].append(_letter_card())
    if request.user.has_perm("streams.view_workerprocess"):
        context["cards"] += [_worker_card(answers), _outbox_card(answers)]
    if request.user.has_perm("accounts.view_auditevent"):
        context["latest_acts"] = _latest_acts()
    return context


def _dependencies(answers: Mapping[str, Answer]) -> list[dict[str, str]]:
    """A label for each; what is required and down is red, the rest orange."""
    shown = []
    for name, answer in answers.items():
        bad = "danger" if name in settings.READY_REQUIRES else "warning"
        latency = f"{answer.seconds * 1000:.0f} ms"
        shown.append(
            {"name": name, "colour": "success" if answer.ok else bad, "note": answer.error or latency}
        )
    return shown


def _job_cards(user: User) -> list[Card]:
    """Counts that are bounded, however many jobs there are; each leads to the jobs that it counts."""
    link = reverse("admin:jobs_analysisjob_changelist")
    counts = job_counts(user=user, since=timezone.now() - timedelta(days=1))
    unfinished, failed = sum(counts.open.values()), counts.by_status[Status.FAILED]
    note = "of those accepted in the last 24 hours"
    return [
        Card("Unfinished jobs", str(unfinished), "waiting or running", "hourglass", f"{link}?status=open"),
        Card(
            "Succeeded",
            str(counts.by_status[Status.SUCCEEDED]),
            note,
            "task_alt",
            f"{link}?status=SUCCEEDED&last=day",
        ),
        Card("Failed", str(failed), note, "error", f"{link}?status=FAILED&last=day", failed == 0),
    ]


def _letter_card() -> Card:
    link, counts = reverse("admin:dlq_admin_console"), letter_counts()
    waiting = sum(counts.by_state[state] for state in WAITING)
    causes = f"{counts.open_clusters:,} cause{'s' * (counts.open_clusters != 1)} open"
    note = causes if counts.open_clusters else "nothing is broken"
    return Card("Dead letters to decide", f"{waiting:,}", note, "mail_off", link, not counts.open_clusters)


def _worker_card(answers: Mapping[str, Answer]) -> Card:
    link = reverse("admin:streams_workerprocess_changelist")
    answer, declared = answers["workers"], len(registry.workers())
    running = answer.facts.get("running")
    if not isinstance(running, Mapping):
        return Card("Workers", "?", "the registry cannot be read", "memory", link, good=False)
    missing, held = answer.facts.get("missing"), answer.facts.get("held")
    if isinstance(missing, list):
        note = f"down: {', '.join(missing)}"
    elif isinstance(held, Mapping) and held:
        note = ", ".join(f"{worker} is {state}" for worker, state in held.items())
    else:
        note = "all of them run"
    good = answer.ok and not held
    return Card("Workers", f"{len(running)} of {declared}", note, "memory", link, good)


def _outbox_card(answers: Mapping[str, Answer]) -> Card:
    link, answer = reverse("admin:streams_outboxmessage_changelist"), answers["outbox"]
    if "unsent" not in answer.facts:
        return Card("Outbox", "?", "it cannot be read", "outbox", link, good=False)
    note = f"the oldest for {answer.facts['oldest_seconds']} s" if answer.facts["unsent"] else "nothing waits"
    return Card("Events in the outbox", str(answer.facts["unsent"]), note, "outbox", link, answer.ok)


def _latest_jobs() -> list[dict[str, Any]]:
    rows = AnalysisJob.objects.select_related("log_entry", "owner").order_by("-created_at", "-pk")[:ROWS]
    return [
        {
            "href": reverse("admin:jobs_analysisjob_change", args=[job.pk]),
            "title": f"Job {job.pk}",
            "note": f"{job.log_entry.service_name}, for {job.owner.get_username()}",
            "at": job.created_at,
            "state": job.status,
            "colour": STATUS_COLOURS[job.status],
        }
        for job in rows
    ]


def _latest_acts() -> list[dict[str, Any]]:
    return [
        {
            "href": reverse("admin:accounts_auditevent_change", args=[act.pk]),
            "title": f"{act.action} {act.target}",
            "note": f"{act.actor}: {act.reason}" if act.reason else act.actor,
            "at": act.at,
            "state": act.state,
            "colour": _ACT_COLOURS[act.state],
        }
        for act in AuditEvent.objects.acts().order_by("-at", "-pk")[:ROWS]
    ]
