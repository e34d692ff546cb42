"""Clean up: count first what days would take, then delete exactly what was old when it was counted."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldBooleanWidget

from heimdall_project.accounts.models import User
from heimdall_project.errors import Refused
from heimdall_project.streams.admin import many

from .. import services
from ..checks import kept_on_topics
from ..serializers.cleaning import DAYS_MOST
from ..services import OPEN_IN_WORDS, Bounds, Cleaned, permitted

COUNTING = "counted before a cleanup"
FRESH = timedelta(hours=1)
"""How long a count may be looked at."""


class DaysForm(forms.Form):
    """How old is old."""

    payloads = forms.IntegerField(
        label="Bytes older than days", min_value=0, max_value=DAYS_MOST,
        widget=UnfoldAdminIntegerFieldWidget, help_text="The letters stay, with their histories.",
    )  # fmt: skip
    rows = forms.IntegerField(
        label="Letters older than days", min_value=0, max_value=DAYS_MOST,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="With bytes and history. Causes and batches stay.",
    )  # fmt: skip
    open_too = forms.BooleanField(
        label="Open ones too", required=False, widget=UnfoldBooleanWidget,
        help_text="Letters about which nobody has decided.",
    )  # fmt: skip

    def bounds(self, at: datetime) -> Bounds:
        """What is old at this moment."""
        given = self.cleaned_data
        return Bounds(
            payloads_before=at - timedelta(days=given["payloads"]),
            rows_before=at - timedelta(days=given["rows"]),
            open_too=given["open_too"],
        )


class Counted(NamedTuple):
    """What would go."""

    at: datetime
    bounds: Bounds
    found: Cleaned
    open: Cleaned | None
    """How many of them are open, if those are asked for."""
    is_early: bool
    """Whether letters would go that their topic may still hold."""


def page(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """What would go, or with POST what went. Raises PermissionDenied."""
    user = many.asker(request, permitted.CLEAN_UP)
    if request.method not in {"GET", "HEAD", "POST"}:
        return HttpResponseNotAllowed(["GET", "POST"])
    asked = request.POST if request.method == "POST" else request.GET
    form = DaysForm(asked if "payloads" in asked or "rows" in asked else _by_retention())
    back = reverse("admin:dlq_admin_deadletter_changelist")
    context = {
        **many.frame(model_admin, request, title="Clean up dead letters", back=back, back_to="letters"),
        "form": form,
        "most": services.CLEAN_MOST,
        "words": OPEN_IN_WORDS,
    }
    if not form.is_valid():
        return render(request, "dlq_admin/cleanup.html", context, status=422)
    if request.method == "POST":
        return _delete(request, user, form, context)
    return _shown(request, user, form, context)


def _by_retention() -> dict[str, Any]:
    by, now = services.bounds_by_retention(), timezone.now()
    return {"payloads": (now - by.payloads_before).days, "rows": (now - by.rows_before).days}


def _shown(
    request: HttpRequest, user: User, form: DaysForm, context: dict[str, Any], refused: Refused | None = None
) -> HttpResponse:
    more: dict[str, Any] = {"counted": _count(user, form), "refused": refused}
    if refused:
        more |= {"reason": request.POST.get("reason", ""), "in_words": request.POST.get("in_words", "")}
    status = refused.status if refused else 200
    return render(request, "dlq_admin/cleanup.html", {**context, **more}, status=status)


def _count(user: User, form: DaysForm) -> Counted:
    at = timezone.now()
    bounds = form.bounds(at)
    found, open_ = _would_go(user, bounds), None
    if bounds.open_too:
        closed = _would_go(
            user, Bounds(payloads_before=bounds.payloads_before, rows_before=bounds.rows_before)
        )
        open_ = Cleaned(
            payloads=found.payloads - closed.payloads, rows=found.rows - closed.rows, more=found.more
        )
    return Counted(at, bounds, found, open_, is_early=at - bounds.rows_before < kept_on_topics())


def _would_go(user: User, bounds: Bounds) -> Cleaned:
    return services.letters_clean_up(
        actor=user, reason=COUNTING, bounds=bounds, dry_run=True, in_words=OPEN_IN_WORDS
    )


def _delete(request: HttpRequest, user: User, form: DaysForm, context: dict[str, Any]) -> HttpResponse:
    at, now = _moment(request.POST.get("at", "")), timezone.now()
    if at is None or not now - FRESH < at <= now:
        messages.warning(request, "Nothing was deleted: this is counted anew.")
        return redirect(_address(form))
    try:
        gone = services.letters_clean_up(
            actor=user,
            reason=request.POST.get("reason", ""),
            bounds=form.bounds(at),
            in_words=request.POST.get("in_words", ""),
        )
    except Refused as refused:
        return _shown(request, user, form, context, refused)
    letters = "1 letter" if gone.rows == 1 else f"{gone.rows:,} letters"
    text = f"Deleted: {letters}, and the bytes of {gone.payloads:,} more."
    if gone.more:
        messages.success(request, f"{text} There is more: one press takes {services.CLEAN_MOST:,} of each.")
        return redirect(_address(form))
    messages.success(request, text if gone.rows or gone.payloads else "Nothing was that old any more.")
    return redirect(context["back"])


def _address(form: DaysForm) -> str:
    given = form.cleaned_data
    open_too = "&open_too=on" if given["open_too"] else ""
    address = reverse("admin:dlq_admin_deadletter_clean_up")
    return f"{address}?payloads={given['payloads']}&rows={given['rows']}{open_too}"


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None
