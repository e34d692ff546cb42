"""Cancel and redrive one job, in a dialog that asks why."""

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from unfold.dataclasses import UnfoldAction
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from heimdall_project.accounts.pages import ListedAdmin
from heimdall_project.errors import NotFound, Refused
from heimdall_project.streams.admin.dialogs import dialog, dialog_action, done, fitting, refused

from .. import failures, services
from ..models import AnalysisJob
from ..services import cancelling, permitted, redriving
from ..states import OPEN, REDRIVABLE
from . import many

IDS = "ids"


class ReasonForm(BaseDialogForm):
    """Why. It goes into the audit trail with the actor's name."""

    reason = forms.CharField(
        max_length=permitted.REASON_MOST,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "autofocus": True}),
        help_text="It goes into the audit trail with your name.",
    )


class RedriveForm(ReasonForm):
    """Why, and which redrive it is: sent twice, the same one begins one attempt."""

    redrive_id = forms.CharField(max_length=redriving.REDRIVE_ID_MOST, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["redrive_id"].initial = str(uuid4())
        job = AnalysisJob.objects.filter(pk=_number(self.object_id)).only("failure_class").first()
        if job and (hint := failures.hint(job.failure_class)):
            self.fields["reason"].help_text = f"{hint} The reason goes into the audit trail with your name."


CANCEL = dialog(
    "Cancel this job",
    "It ends as CANCELLED. A worker that runs it stops between two steps; its result is refused.",
    ReasonForm,
)
REDRIVE = dialog(
    "Redrive this job",
    "It is sent again as a new attempt. What came of the earlier ones stays on record.",
    RedriveForm,
)


class OrdersAdmin(ListedAdmin):
    """What can be done to jobs: to one in a dialog, to several after a preview."""

    actions = ("redrive_chosen", "cancel_chosen")
    actions_detail = ("redrive", "cancel")

    def get_urls(self) -> list[URLPattern]:
        """The previews."""
        view = self.admin_site.admin_view
        return [
            path("redrive/", view(self.redrive_many), name="jobs_analysisjob_redrive_many"),
            path("cancel/", view(self.cancel_many), name="jobs_analysisjob_cancel_many"),
            *super().get_urls(),
        ]

    def has_cancel_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Those with the right, and the owner of the job."""
        if request.user.has_perm(cancelling.RIGHT):
            return True
        own = AnalysisJob.objects.filter(pk=_number(object_id), owner=request.user.pk)
        return object_id is not None and own.exists()

    def has_redrive_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Those with the right."""
        return request.user.has_perm(redriving.RIGHT)

    def get_actions_detail(self, request: HttpRequest, object_id: int | str) -> list[UnfoldAction]:
        """Only what the job's state allows."""
        status = AnalysisJob.objects.filter(pk=_number(object_id)).values_list("status", flat=True).first()
        names = {name for name, states in (("cancel", OPEN), ("redrive", REDRIVABLE)) if status in states}
        return fitting(super().get_actions_detail(request, object_id), names)

    @dialog_action(
        description="Redrive",
        icon="replay",
        permissions=["redrive"],
        dialog=REDRIVE,
        variant=ActionVariant.PRIMARY,
    )
    def redrive(self, request: HttpRequest, form: RedriveForm, object_id: str) -> HttpResponse:
        """Send the job again."""
        given = {"job_id": _existing(object_id), "actor": request.user}
        values = {name: form.cleaned_data[name] for name in ("reason", "redrive_id")}
        try:
            redriven = services.job_redrive(**given, **values)  # type: ignore[arg-type]
        except Refused as problem:
            return _refused(request, form, REDRIVE, problem)
        return done(request, f"Job {object_id} is sent again: attempt {redriven.attempt.number}.")

    @dialog_action(description="Cancel", icon="cancel", permissions=["cancel"], dialog=CANCEL)
    def cancel(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """End the job."""
        given = {"job_id": _existing(object_id), "actor": request.user}
        try:
            cancelled = services.job_cancel(**given, reason=form.cleaned_data["reason"])  # type: ignore[arg-type]
        except Refused as problem:
            return _refused(request, form, CANCEL, problem)
        words = "was cancelled before" if cancelled.replayed else "is cancelled"
        return done(request, f"Job {object_id} {words}.")

    @admin.action(description="Redrive…", permissions=["redrive"])
    def redrive_chosen(self, request: HttpRequest, queryset: QuerySet[AnalysisJob]) -> HttpResponse:
        """On to the preview."""
        return _preview("admin:jobs_analysisjob_redrive_many", queryset)

    @admin.action(description="Cancel…", permissions=["cancel"])
    def cancel_chosen(self, request: HttpRequest, queryset: QuerySet[AnalysisJob]) -> HttpResponse:
        """On to the preview."""
        return _preview("admin:jobs_analysisjob_cancel_many", queryset)

    def redrive_many(self, request: HttpRequest) -> HttpResponse:
        """What would be sent again; with POST, sent."""
        return many.page(self, request, many.REDRIVE, self._found)

    def cancel_many(self, request: HttpRequest) -> HttpResponse:
        """What would be cancelled; with POST, cancelled."""
        return many.page(self, request, many.CANCEL, self._found)

    def _found(self, request: HttpRequest) -> QuerySet[AnalysisJob]:
        """The jobs that are named by `ids`, or else those that the list would show for this query."""
        jobs: QuerySet[AnalysisJob]
        if (named := request.GET.get(IDS)) is not None:
            ids = [number for text in named.split(",") if (number := _number(text))]
            jobs = self.get_queryset(request).filter(pk__in=ids[: services.REDRIVE_MOST + 1])
            return jobs
        try:
            jobs = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return AnalysisJob.objects.none()
        return jobs


def _preview(name: str, chosen: QuerySet[AnalysisJob]) -> HttpResponse:
    ids = chosen.order_by("-pk").values_list("pk", flat=True)[: services.REDRIVE_MOST + 1]
    return redirect(f"{reverse(name)}?{IDS}={','.join(map(str, ids))}")


def _number(text: object) -> int:
    """A job's number out of an address; 0, which no job has, for anything else."""
    digits = str(text)
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 19 else 0


def _existing(object_id: str) -> int:
    number = _number(object_id)
    if not number:
        raise Http404
    return number


def _refused(request: HttpRequest, form: ReasonForm, shown: dict[str, Any], problem: Refused) -> HttpResponse:
    if isinstance(problem, NotFound):
        raise Http404
    return refused(request, form, shown, problem)
