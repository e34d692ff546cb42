"""What can be done to a batch, each in a dialog that asks why."""

from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from unfold.dataclasses import UnfoldAction
from unfold.enums import ActionVariant

from heimdall_project.accounts.pages import ListedAdmin
from heimdall_project.streams.admin.dialogs import dialog, dialog_action, fitting

from .. import services
from ..batch_states import BatchState, batch_sources
from ..models import RedriveBatch
from ..services import progress_of
from ..services.permitted import APPROVE, BREAK_GLASS, PROPOSE
from .filters import number_of
from .reasons import ReasonForm, carried_out, existing


class ApprovalForm(ReasonForm):
    """Why, and for which set: the one that the dialog was opened for."""

    set_hash = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        batch = RedriveBatch.objects.filter(pk=number_of(self.object_id)).first()
        if batch:
            self.fields["set_hash"].initial = batch.set_hash
            self.fields["reason"].help_text = (
                f"For exactly this set: {batch.size:,} letters, hash {batch.set_hash[:12]}…, and no other. "
                "The reason goes into the audit trail with your name."
            )


APPROVING = dialog(
    "Approve this batch",
    "You agree that its letters are sent again: a few first, the rest only while they fare well.",
    ApprovalForm,
)
ALONE = dialog(
    "Approve alone",
    "You break the glass: you approve what you proposed yourself. The batch says so for ever.",
    ApprovalForm,
)
REJECTING = dialog("Reject this batch", "Its letters stay where they are.", ReasonForm)
PAUSING = dialog("Pause this batch", "No more letters are sent until it is resumed.", ReasonForm)
RESUMING = dialog("Resume this batch", "It goes on. Failures known by now do not count again.", ReasonForm)
CANCELLING = dialog(
    "Cancel this batch",
    "No more letters are sent; those that were sent are watched to their end.",
    ReasonForm,
)

GIVING_UP = dialog(
    "Give up what is under way",
    "You wait no longer for what it sent: those letters count as failed, and a person decides anew. "
    "A copy that is still on its way may be handled, unless its consumer is unsafe to repeat.",
    ReasonForm,
)


class BatchOrdersAdmin(ListedAdmin):
    """Acts on batches. Each is a service of its own."""

    actions_detail = ("approve", "alone", "resume", "pause", "reject", "cancel", "give_up")

    def has_approve_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Those with the right."""
        return request.user.has_perm(APPROVE)

    def has_glass_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Those with the right, where the installation allows it."""
        return settings.DLQ_BREAK_GLASS and request.user.has_perm(BREAK_GLASS)

    def has_propose_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Those with the right."""
        return request.user.has_perm(PROPOSE)

    def get_actions_detail(self, request: HttpRequest, object_id: int | str) -> list[UnfoldAction]:
        """Only what the batch's state allows to this person."""
        batch = RedriveBatch.objects.filter(pk=number_of(object_id)).first()
        names = _fitting(batch, request) if batch else set()
        return fitting(super().get_actions_detail(request, object_id), names)

    @dialog_action(
        description="Approve",
        icon="check",
        permissions=["approve"],
        dialog=APPROVING,
        variant=ActionVariant.PRIMARY,
    )
    def approve(self, request: HttpRequest, form: ApprovalForm, object_id: str) -> HttpResponse:
        """Agree to it."""
        act, number = services.batch_approve, existing(object_id)
        return carried_out(request, form, APPROVING, act, f"You approved batch {number}.", batch_id=number)

    @dialog_action(
        description="Approve alone",
        icon="emergency",
        permissions=["glass"],
        dialog=ALONE,
        variant=ActionVariant.DANGER,
    )
    def alone(self, request: HttpRequest, form: ApprovalForm, object_id: str) -> HttpResponse:
        """Agree to one's own."""
        act, number = partial(services.batch_approve, break_glass=True), existing(object_id)
        text = f"You approved your own batch {number}."
        return carried_out(request, form, ALONE, act, text, batch_id=number)

    @dialog_action(description="Reject", icon="block", permissions=["approve"], dialog=REJECTING)
    def reject(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Do not agree."""
        act, number = services.batch_reject, existing(object_id)
        return carried_out(request, form, REJECTING, act, f"Batch {number} is rejected.", batch_id=number)

    @dialog_action(description="Pause", icon="pause", permissions=["propose"], dialog=PAUSING)
    def pause(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Send no more for now."""
        act, number = services.batch_pause, existing(object_id)
        return carried_out(request, form, PAUSING, act, f"Batch {number} is paused.", batch_id=number)

    @dialog_action(description="Resume", icon="play_arrow", permissions=["propose"], dialog=RESUMING)
    def resume(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Go on."""
        act, number = services.batch_resume, existing(object_id)
        return carried_out(request, form, RESUMING, act, f"Batch {number} goes on.", batch_id=number)

    @dialog_action(description="Cancel", icon="cancel", permissions=["propose"], dialog=CANCELLING)
    def cancel(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """End it."""
        act, number = services.batch_cancel, existing(object_id)
        return carried_out(request, form, CANCELLING, act, f"Batch {number} is cancelled.", batch_id=number)

    @dialog_action(
        description="Give up what is under way", icon="timer_off", permissions=["propose"], dialog=GIVING_UP
    )
    def give_up(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Wait no longer."""
        act, number = services.batch_give_up, existing(object_id)
        text = f"What batch {number} had under way is given up."
        return carried_out(request, form, GIVING_UP, act, text, batch_id=number)


_TARGETS = {
    "pause": BatchState.PAUSED,
    "resume": BatchState.RUNNING,
    "cancel": BatchState.CANCELLED,
    "reject": BatchState.REJECTED,
}


def _fitting(batch: RedriveBatch, request: HttpRequest) -> set[str]:
    state = BatchState(batch.state)
    found = {name for name, target in _TARGETS.items() if state in batch_sources(target)}
    if state is BatchState.CANCELLED and progress_of(batch).under_way:
        found |= {"give_up"}
    if state is BatchState.PROPOSED:
        found -= {"resume"}
        if request.user.pk not in {batch.proposed_by_id, batch.approved_by_id}:
            found |= {"approve"}
        if request.user.pk == batch.proposed_by_id and not batch.needs_second:
            found |= {"alone"}
    return found
