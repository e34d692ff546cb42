"""One act on several letters: what each allows, a reason, and what became of each."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import reverse

from heimdall_project.accounts.models import User
from heimdall_project.errors import Refused, Unprocessable
from heimdall_project.streams.admin import many
from heimdall_project.streams.admin.many import Outcome
from heimdall_project.streams.admin.wording import visible

from .. import services
from ..models import DeadLetter
from ..services import permitted
from . import wording
from .filters import number_of

MOST = services.MANY
MOVED_ON = "It failed once more since this page was shown: look at it again."


class Order(NamedTuple):
    """Something that is done to several letters."""

    name: str
    title: str
    past: str
    button: str
    """With the letters in place of {}."""
    right: str
    act: Callable[[Sequence[int], User, str], list[Outcome]]
    why_not: Callable[[DeadLetter, User], str]
    """What keeps this person from doing it to this letter; "" for nothing."""
    group_of: Callable[[DeadLetter], str] = lambda letter: ""
    """Under which heading a letter stands."""
    hint: str = ""


class Shown(NamedTuple):
    """A letter of the preview."""

    letter: DeadLetter
    colour: str
    message: str
    why_not: str


def page(
    model_admin: Any, request: HttpRequest, order: Order, find: Callable[[HttpRequest], Sequence[int]]
) -> HttpResponse:
    """The preview of the letters that `find` finds, or with POST what came of it. Raises PermissionDenied."""
    user = many.asker(request, order.right)
    letters = reverse("admin:dlq_admin_deadletter_changelist")
    context = {
        **many.frame(model_admin, request, title=order.title, back=letters, back_to="letters"),
        "order": order,
        "row_name": "letter",
    }
    if request.method == "POST":
        return _carry_out(request, user, order, context)
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "POST"])
    ids = list(find(request))
    shown = _preview(ids[:MOST], order, user)
    return render(request, "dlq_admin/many.html", {**context, **shown, "cut": MOST if ids[MOST:] else 0})


def _preview(ids: Sequence[int], order: Order, user: User) -> dict[str, Any]:
    rows = DeadLetter.objects.filter(pk__in=ids).select_related("cluster", "approved_by")
    shown = [
        Shown(each, wording.STATE_COLOURS[each.state], visible(each.error_message), order.why_not(each, user))
        for each in rows.order_by("-failed_at", "-pk")
    ]
    able = [each for each in shown if not each.why_not]
    groups: dict[str, list[Shown]] = {}
    for each in able:
        groups.setdefault(order.group_of(each.letter), []).append(each)
    letters = "1 letter" if len(able) == 1 else f"{len(able):,} letters"
    return {
        "groups": sorted(groups.items()),
        "able": able,
        "unable": [each for each in shown if each.why_not],
        "said": f"{len(able):,} of {len(shown):,} can be {order.past}",
        "button": order.button.format(letters),
    }


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
        again = {**_preview(list(seen), order, user), "reason": reason, "refused": refused}
        return render(request, "dlq_admin/many.html", {**context, **again}, status=refused.status)
    return render(request, "admin/many_done.html", {**context, "outcomes": outcomes, "reason": reason})


def _act(order: Order, seen: dict[int, int], user: User, reason: str) -> list[Outcome]:
    """Do it to those that did not fail anew since they were shown. Raises Refused."""
    if not 1 <= len(seen) <= MOST:
        raise Unprocessable("Nothing was done.", errors={"ids": f"Choose 1 to {MOST} letters."})
    permitted.reason_of(reason)
    now = dict(DeadLetter.objects.filter(pk__in=seen).values_list("pk", "attempt"))
    moved = [pk for pk, attempt in seen.items() if now.get(pk) != attempt]
    still = [pk for pk in seen if pk not in set(moved)]
    done = order.act(still, user, reason) if still else []
    return [*done, *([Outcome(MOVED_ON, moved, is_good=False)] if moved else [])]
