"""Orders to workers as dialogs: a form that asks why, and the service that decides."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.forms import BaseDialogForm
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from ...errors import Refused
from .. import control
from ..models import WorkerProcess
from .dialogs import done, refused


class ReasonForm(BaseDialogForm):
    """Why, and for whom."""

    reason = forms.CharField(
        max_length=control.REASON_MOST, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )

    def __init__(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, object_id, *args, **kwargs)
        worker = WorkerProcess.objects.filter(pk=object_id).values_list("worker", flat=True).first()
        self.fields["reason"].help_text = f"For {worker}. It goes into the audit trail with your name."


class OverrideForm(ReasonForm):
    """For how long, and why."""

    minutes = forms.IntegerField(
        min_value=1, max_value=control.OVERRIDE_MOST, initial=15, widget=UnfoldAdminIntegerFieldWidget
    )
    field_order = ("minutes", "reason")


class SkipForm(ReasonForm):
    """Which record, and why."""

    topic = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)
    partition = forms.IntegerField(min_value=0, widget=UnfoldAdminIntegerFieldWidget)
    offset = forms.IntegerField(min_value=0, widget=UnfoldAdminIntegerFieldWidget)
    field_order = ("topic", "partition", "offset", "reason")


def give(
    request: HttpRequest, form: ReasonForm, shown: dict[str, Any], order: Callable[..., None], worker: str
) -> HttpResponse:
    """Call the service with what the form holds; show what it refuses in the dialog."""
    values = {name: value for name, value in form.cleaned_data.items() if not name.startswith("_")}
    try:
        order(actor=request.user, worker=worker, **values)
    except Refused as problem:
        return refused(request, form, shown, problem)
    return done(request, f"{shown['title']}: {worker} obeys with its next heartbeat.")
