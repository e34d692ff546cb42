"""What every act asks for, and how a service's refusal is shown where it was asked."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from heimdall_project.errors import NotFound, Refused
from heimdall_project.streams.admin.dialogs import done, refused

from ..models.batch import REASON_MOST
from .filters import number_of


class ReasonForm(BaseDialogForm):
    """Why. It goes into the audit trail with the actor's name."""

    reason = forms.CharField(
        max_length=REASON_MOST,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "autofocus": True}),
        help_text="It goes into the audit trail with your name.",
    )


def existing(object_id: object) -> int:
    """The number of a row. Raises Http404 for what can be none."""
    if not (number := number_of(object_id)):
        raise Http404
    return number


def carried_out(
    request: HttpRequest,
    form: ReasonForm,
    shown: dict[str, Any],
    act: Callable[..., object],
    text: str,
    **given: Any,
) -> HttpResponse:
    """Call the service with what the form holds; show what it refuses in the dialog."""
    values = {name: value for name, value in form.cleaned_data.items() if not name.startswith("_")}
    try:
        act(actor=request.user, **given, **values)
    except NotFound:
        raise Http404 from None
    except Refused as problem:
        return refused(request, form, shown, problem)
    return done(request, text)
