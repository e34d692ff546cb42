"""Approve or discard several letters, each for itself: a look at them, a reason, and what became of each."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import reverse

from heimdall_project.accounts.models import User
from heimdall_project.errors import Refused, Unprocessable
from heimdall_project.streams.admin.wording import visible

from .. import services
from ..models import DeadLetter
from ..services import permitted
from ..services.deciding import why_not
from ..states import WAITING, State, sources
from . import wording
from .filters import number_of

MOST = services.MANY
MOVED_ON = "It failed once more since this page was shown: look at it again."


class Order(NamedTuple):
    """Something that is done to several letters."""

    name: str
    verb: str
    past: str
    right: str
    act: Callable[..., Any]
    states: frozenset[State]


APPROVE = Order("approve", "Approve", "approved", permitted.APPROVE, services.letter_approve, WAITING)
DISCARD = Order(
    "discard", "Discard", "discarded", permitted.DISCARD, services.letter_discard, sources(State.DISCARDED)
)


class Shown(NamedTuple):
    """A letter of the preview."""

    letter: DeadLetter
    colour: str
    message: str
    why_not: str


class Outcome(NamedTuple):
    """What became of some letters."""

    text: str
    ids: list[int]
    is_good: bool


def page(model_admin: Any, request: HttpRequest, order: Order) -> HttpResponse:
    """The preview of the letters that `ids` names, or with POST what came of it. Raises PermissionDenied."""
    user = request.user
    if not isinstance(user, User) or not user.has_perm(order.right):
        raise PermissionDenied
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": f"{order.verb} dead letters",
        "order": order,
        "list": reverse("admin:dlq_admin_deadletter_changelist"),
    }
    if request.method == "POST":
        return _carry_out(request, user, order, context)
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "POST"])
    ids = [number for text in request.GET.get("ids", "").split(",") if (number := number_of(text))]
    return render(request, "dlq_admin/many.html", {**context, **_preview(ids[:MOST], order)})


def _preview(ids: Sequence[int], order: Order) -> dict[str, Any]:
    rows = DeadLetter.objects.filter(pk__in=ids).select_related("cluster").order_by("-failed_at", "-pk")
    shown = [
        Shown(each, wording.STATE_COLOURS[each.state], visible(each.error_message), _why_not(each, order))
        for each in rows
    ]
    return {"able": [each for each in shown if not each.why_not], "unable": [e for e in shown if e.why_not]}


def _why_not(letter: DeadLetter, order: Order) -> str:
    if letter.batch_id is not None:
        return f"It is in batch {letter.batch_id}."
    if letter.state not in order.states:
        return f"It is {letter.state}."
    return why_not(letter) if order is APPROVE else ""


def _carry_out(request: HttpRequest, user: User, order: Order, context: dict[str, Any]) -> HttpResponse:
    seen: dict[int, int] = {}
    for text in request.POST.getlist("letter"):
        number, _, attempt = text.partition(":")
        if number_of(number):
            seen[number_of(number)] = number_of(attempt)
    reason = request.POST.get("reason", "")
    try:
        outcomes = _act(order, seen, user, reason)
    except Refused as refused:
        again = {**_preview(list(seen), order), "reason": reason, "refused": refused}
        return render(request, "dlq_admin/many.html", {**context, **again}, status=refused.status)
    return render(request, "dlq_admin/many_done.html", {**context, "outcomes": outcomes, "reason": reason})


def _act(order: Order, seen: dict[int, int], user: User, reason: str) -> list[Outcome]:
    """Call the service for each, and put those together that ended alike. Raises Refused."""
    if not 1 <= len(seen) <= MOST:
        raise Unprocessable("Nothing was done.", errors={"letters": f"Choose 1 to {MOST} letters."})
    permitted.reason_of(reason)
    now = dict(DeadLetter.objects.filter(pk__in=seen).values_list("pk", "attempt"))
    alike: dict[tuple[bool, str], list[int]] = defaultdict(list)
    for pk, attempt in seen.items():
        is_good, text = (False, MOVED_ON) if now.get(pk) != attempt else _one(order, pk, user, reason)
        alike[is_good, text].append(pk)
    return [Outcome(text, pks, is_good) for (is_good, text), pks in sorted(alike.items(), reverse=True)]


def _one(order: Order, pk: int, user: User, reason: str) -> tuple[bool, str]:
    try:
        order.act(letter_id=pk, actor=user, reason=reason)
    except Refused as refused:
        if refused.errors:  # wrong with the order, not with this letter
            raise
        return False, refused.detail
    return True, f"{order.past.capitalize()}."
