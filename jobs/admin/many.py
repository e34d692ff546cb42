"""Redrive or cancel several jobs: a preview of what and why, a reason, and what became of each.

The preview is a page to look at (GET). What it lists is what the form sends: each job with the request id
that it had, so that a job which moved on meanwhile is left alone and named.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import uuid4

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import reverse

from heimdall_project.accounts.models import User
from heimdall_project.errors import Refused, Unprocessable
from heimdall_project.streams.admin import many
from heimdall_project.streams.admin.many import Outcome, alike
from heimdall_project.streams.admin.wording import visible

from .. import failures, services
from ..models import AnalysisAttempt, AnalysisJob
from ..services import cancelling, redriving
from ..states import OPEN, REDRIVABLE, Status
from .wording import STATUS_COLOURS

MOST = services.REDRIVE_MOST
SAMPLE = 300
"""Characters of a failure message."""
NAMED = 20
"""Jobs of a group that are linked one by one."""
MOVED_ON = "It moved on since the preview was shown: look at it again."


class Order(NamedTuple):
    """Something that is done to several jobs."""

    name: str
    verb: str
    past: str
    right: str
    states: frozenset[Status]


REDRIVE = Order("redrive", "Redrive", "sent again", redriving.RIGHT, REDRIVABLE)
CANCEL = Order("cancel", "Cancel", "cancelled", cancelling.RIGHT, OPEN)


@dataclass
class Group:
    """Jobs that are alike in what can be done with them, and why they stand where they do."""

    key: str
    title: str
    colour: str
    jobs: list[AnalysisJob] = field(default_factory=list)
    hint: str = ""
    wanted: bool = True
    """Whether it is chosen before anybody says so."""
    sample: str = ""

    @property
    def named(self) -> list[AnalysisJob]:
        """Those that are linked."""
        return self.jobs[:NAMED]

    @property
    def more(self) -> int:
        """How many are not."""
        return len(self.jobs) - len(self.named)


def page(
    model_admin: Any, request: HttpRequest, order: Order, find: Callable[[HttpRequest], QuerySet[AnalysisJob]]
) -> HttpResponse:
    """The preview of what `find` finds, or with POST what came of it. Raises PermissionDenied."""
    user = many.asker(request, order.right)
    jobs = reverse("admin:jobs_analysisjob_changelist")
    context = {
        **many.frame(model_admin, request, title=f"{order.verb} jobs", back=jobs, back_to="jobs"),
        "order": order,
        "row_name": "job",
        "button": f"{order.verb} the chosen jobs",
        "most": MOST,
    }
    if request.method == "POST":
        return _carry_out(request, user, order, context)
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "POST"])
    return render(
        request, "jobs/many.html", {**context, **_preview(find(request), order), "redrive_id": str(uuid4())}
    )


def _preview(found: QuerySet[AnalysisJob], order: Order) -> dict[str, Any]:
    jobs = list(found.order_by("-created_at", "-id")[: MOST + 1])
    able: dict[str, Group] = {}
    unable: dict[str, Group] = {}
    for job in jobs[:MOST]:
        fits = Status(job.status) in order.states
        key = job.failure_class if fits and job.failure_class else job.status
        into = able if fits else unable
        into.setdefault(key, _group(key, job)).jobs.append(job)
    for group in able.values():
        messages = Counter(job.failure_message for job in group.jobs if job.failure_message)
        group.sample = visible(messages.most_common(1)[0][0])[:SAMPLE] if messages else ""
    if len(able) > 1 and Status.CANCELLED in able:  # somebody did not want them: to be chosen on purpose
        able[Status.CANCELLED].wanted = False
    number = sum(len(group.jobs) for group in able.values())
    return {
        "able": sorted(able.values(), key=lambda group: -len(group.jobs)),
        "unable": sorted(unable.values(), key=lambda group: -len(group.jobs)),
        "said": f"{number} of {min(len(jobs), MOST)} can be {order.past}",
        "cut": len(jobs) > MOST,
    }


def _group(key: str, job: AnalysisJob) -> Group:
    entry = failures.entry(key)
    if entry is None:
        return Group(key, _standing(job.status), STATUS_COLOURS[job.status])
    return Group(key, entry.title, STATUS_COLOURS[job.status], hint=entry.advice, wanted=entry.redrive_helps)


def _standing(status: str) -> str:
    words = {Status.CANCELLED: "Cancelled by a person", Status.SUCCEEDED: "Has its result"}
    return words.get(Status(status), f"Has not ended: {status}")


def _carry_out(request: HttpRequest, user: User, order: Order, context: Mapping[str, Any]) -> HttpResponse:
    seen = _chosen(request)
    reason, redrive_id = request.POST.get("reason", ""), request.POST.get("redrive_id", "")
    known = (
        AnalysisJob.objects.filter(pk__in=list(seen)).select_related("log_entry").defer("log_entry__content")
    )
    moved = _moved(list(known), seen, redrive_id) if order is REDRIVE else set()
    try:
        outcomes = _act(order, [pk for pk in seen if pk not in moved], bool(moved), user, reason, redrive_id)
    except Refused as refused:
        again = {**_preview(known, order), "redrive_id": redrive_id, "reason": reason, "refused": refused}
        return render(request, "jobs/many.html", {**context, **again}, status=refused.status)
    if moved:
        outcomes.append(Outcome(MOVED_ON, sorted(moved), is_good=False))
    return render(request, "admin/many_done.html", {**context, "outcomes": outcomes, "reason": reason})


def _chosen(request: HttpRequest) -> dict[int, str]:
    """Jobs of the groups that are ticked, with the request id that each had in the preview."""
    seen: dict[int, str] = {}
    for group in request.POST.getlist("group"):
        for text in request.POST.getlist(f"job.{group}"):
            number, _, request_id = text.partition(":")
            if number.isascii() and number.isdecimal() and len(number) < 19:
                seen[int(number)] = request_id
    return seen


def _moved(known: Sequence[AnalysisJob], seen: Mapping[int, str], redrive_id: str) -> set[int]:
    """Jobs with another attempt than was shown, unless it was this very redrive that began it."""
    others = {job.pk for job in known if str(job.request_id) != seen[job.pk]}
    own = {redriving.id_within(redrive_id, pk): pk for pk in others} if redrive_id else {}
    begun = AnalysisAttempt.objects.filter(redrive_id__in=list(own)).values_list("redrive_id", flat=True)
    return others - {own[each] for each in begun}


def _act(
    order: Order, ids: Sequence[int], may_be_none: bool, user: User, reason: str, redrive_id: str
) -> list[Outcome]:
    """Call the service, and put those together that ended alike. Raises Refused."""
    if not ids and may_be_none:
        return []
    if not 1 <= len(ids) <= MOST:
        raise Unprocessable("Nothing was done.", errors={"ids": f"Choose 1 to {MOST} jobs."})
    if order is CANCEL:
        told = [(pk, *_cancelled(pk, user, reason)) for pk in ids]
    else:
        each = services.jobs_redrive(job_ids=ids, actor=user, reason=reason, redrive_id=redrive_id)
        told = [
            (one.job_id, not one.refused, one.refused.detail if one.refused else "Sent again.")
            for one in each
        ]
    return alike(told)


def _cancelled(pk: int, user: User, reason: str) -> tuple[bool, str]:
    try:
        services.job_cancel(job_id=pk, actor=user, reason=reason)
    except Refused as refused:
        if refused.errors:  # wrong with the order, not with this job
            raise
        return False, refused.detail
    return True, "Cancelled."
