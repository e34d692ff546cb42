"""Propose a redrive: a look at the very set that would be frozen, a reason, and how fast it may go.

The page names the hash of the set. If the letters moved on before the form was sent, nothing is proposed and
the set is shown anew; sent twice, the same proposal is found and not made again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import reverse
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from heimdall_project.accounts.models import User
from heimdall_project.errors import Refused, Unprocessable
from heimdall_project.streams.admin.wording import visible

from .. import services
from ..models import DeadLetter, RedriveBatch
from ..models.batch import REASON_MOST
from ..services.permitted import PROPOSE
from ..services.previewing import batch_preview
from . import crews, wording
from .dry_running import dry_run, ways
from .filters import number_of

SAMPLE = 10
"""Letters of the set that are named."""
_PACE = services.Pace()


class ProposalForm(forms.Form):
    """Why, and how fast."""

    reason = forms.CharField(
        max_length=REASON_MOST,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "autofocus": True}),
        help_text="What was repaired, so that they fare better this time. Whoever approves reads it.",
    )
    canary = forms.IntegerField(
        min_value=1, max_value=1000, initial=_PACE.canary, widget=UnfoldAdminIntegerFieldWidget,
        help_text="Letters that go first, alone.",
    )  # fmt: skip
    rate = forms.FloatField(
        min_value=0.01, max_value=10_000, initial=_PACE.rate, widget=UnfoldAdminTextInputWidget,
        label="Letters a second", help_text="At most.",
    )  # fmt: skip
    most_failures = forms.FloatField(
        min_value=0, max_value=100, initial=100 * _PACE.most_failures, widget=UnfoldAdminTextInputWidget,
        label="Stops at failures of", help_text="Per cent of those that ended.",
    )  # fmt: skip
    most_lag = forms.IntegerField(
        min_value=0, max_value=2**62, initial=_PACE.most_lag, widget=UnfoldAdminIntegerFieldWidget,
        label="Waits at a lag of", help_text="Records that the consumer is behind.",
    )  # fmt: skip

    def pace(self) -> services.Pace:
        """How fast it may go."""
        given = self.cleaned_data
        return services.Pace(
            canary=given["canary"],
            rate=given["rate"],
            most_failures=given["most_failures"] / 100,
            most_lag=given["most_lag"],
        )


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What the page is about."""

    ids: Sequence[int]
    transform: str
    """`name/version`; "" sends them as they are."""
    upto: int
    """The highest letter that there was when the page was first shown: later ones are no part of the set."""


def page(model_admin: Any, request: HttpRequest, ids: Sequence[int], transform: str = "") -> HttpResponse:
    """The proposal of these letters, or with POST what came of it. Raises PermissionDenied."""
    user = request.user
    if not isinstance(user, User) or not user.has_perm(PROPOSE):
        raise PermissionDenied
    if request.method not in {"GET", "HEAD", "POST"}:
        return HttpResponseNotAllowed(["GET", "POST"])
    upto = number_of(request.POST.get("upto")) or max(ids, default=0)
    asked = _Asked(ids=[each for each in ids if each <= upto], transform=transform, upto=upto)
    form, status = ProposalForm(), 200
    if request.method == "POST":
        form = ProposalForm(request.POST)
        try:
            if form.is_valid():
                return redirect(
                    "admin:dlq_admin_redrivebatch_change", _proposed(request, user, asked, form).pk
                )
            status = Unprocessable.status
        except Refused as problem:
            status = problem.status
            _told(form, problem)
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": "Propose a redrive",
        "back": _back(request),
        **_shown(request, asked, user),
        "form": form,
    }
    return render(request, "dlq_admin/propose.html", context, status=status)


def _proposed(request: HttpRequest, user: User, asked: _Asked, form: ProposalForm) -> RedriveBatch:
    """Propose what was looked at, unless that was done before. Raises Refused."""
    seen = request.POST.get("set_hash", "") or "none"
    if (before := services.proposed_before(actor=user, seen_hash=seen)) is not None:
        messages.info(request, f"Batch {before.pk} holds this very set already: nothing was proposed twice.")
        return before
    batch = services.batch_propose(
        letter_ids=asked.ids,
        actor=user,
        reason=form.cleaned_data["reason"],
        pace=form.pace(),
        transform=asked.transform,
        seen_hash=seen,
    )
    letters = "1 letter waits" if batch.size == 1 else f"{batch.size:,} letters wait"
    messages.success(request, f"Batch {batch.pk} is proposed: {letters} for another person's approval.")
    return batch


def _told(form: ProposalForm, problem: Refused) -> None:
    if not problem.errors or not problem.errors.keys() & form.fields.keys():
        form.add_error(None, problem.detail)
    for field, text in problem.errors.items():
        if field in form.fields:
            form.add_error(field, text)


def _shown(request: HttpRequest, asked: _Asked, user: User) -> dict[str, Any]:
    preview = batch_preview(letter_ids=asked.ids, transform=asked.transform)
    first = list(preview.first)
    trial = services.letters_try(letter_ids=first, actor=user, transform=asked.transform) if first else None
    sample = DeadLetter.objects.filter(pk__in=first[:SAMPLE]).select_related("cluster").order_by("pk")
    known = crews.crews(preview.places)
    return {
        "preview": preview,
        "upto": asked.upto,
        "transform": asked.transform,
        "ways": ways(request, {topic for topic, _ in preview.places}, asked.transform),
        "dry_run": dry_run(trial) if trial else None,
        "left_out": sum(preview.left_out.values()),
        "sample": [
            (each, wording.STATE_COLOURS[each.state], visible(each.error_message), visible(each.key_text))
            for each in sample
        ],
        "more": max(0, preview.size - SAMPLE),
        "crews": sorted((place, crew) for place, crew in known.items() if crew is not None),
        "is_cut": len(asked.ids) >= services.BATCH_MOST,
        "most": f"{services.BATCH_MOST:,}",
    }


def _back(request: HttpRequest) -> str:
    if cluster := number_of(request.GET.get("cluster")):
        return reverse("admin:dlq_admin_cluster_change", args=[cluster])
    return reverse("admin:dlq_admin_deadletter_changelist")
