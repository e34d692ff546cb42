"""What can be done to letters: to one in a dialog, to several after a look at them."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST
from unfold.dataclasses import UnfoldAction
from unfold.enums import ActionVariant

from heimdall_project.accounts.models import User
from heimdall_project.accounts.pages import ListedAdmin
from heimdall_project.errors import Forbidden, NotFound, Refused
from heimdall_project.streams.admin.dialogs import dialog, dialog_action, fitting
from heimdall_project.streams.admin.pieces import Back, piece_or_page

from .. import selectors, services
from ..models import DeadLetter
from ..services.deciding import why_not
from ..services.permitted import APPROVE, DISCARD, PROPOSE
from ..states import WAITING, State
from . import cleaning, deciding_many, many, payload_view, proposing, sending_many
from .dry_running import transform_of
from .exporting import PASSING
from .filters import number_of
from .letter_view import may_be_proposed
from .reasons import ReasonForm, carried_out, existing

IDS = "ids"
APPROVING = dialog(
    "Approve this letter",
    "You agree that it is sent again as it is. Another person than you sends it.",
    ReasonForm,
)
SENDING = dialog(
    "Send this letter again",
    "Another person approved it. It goes out once, as a batch of one.",
    ReasonForm,
)
DISCARDING = dialog(
    "Discard this letter", "It is never sent again. It stays on record, with your reason.", ReasonForm
)


class LetterOrdersAdmin(ListedAdmin):
    """Acts on letters. Each asks for a reason and is a service of its own."""

    actions = ("propose_chosen", "approve_chosen", "send_chosen", "discard_chosen")
    actions_detail = ("reprocess", "approve", "discard")

    def get_urls(self) -> list[URLPattern]:
        """Proposals, previews, and the look at the bytes."""
        view = self.admin_site.admin_view
        return [
            path("propose/", view(self.propose_view), name="dlq_admin_deadletter_propose"),
            path("approve/", view(self.approve_many), name="dlq_admin_deadletter_approve_many"),
            path("send/", view(self.send_many), name="dlq_admin_deadletter_send_many"),
            path("discard/", view(self.discard_many), name="dlq_admin_deadletter_discard_many"),
            path("cleanup/", view(self.clean_up_view), name="dlq_admin_deadletter_clean_up"),
            path("<int:pk>/edit/", view(self.edit_view), name="dlq_admin_deadletter_edit"),
            path("<int:pk>/payload/", view(self.payload_view), name="dlq_admin_deadletter_payload"),
            *super().get_urls(),
        ]

    def has_approve_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Those with the right."""
        return request.user.has_perm(APPROVE)

    def has_propose_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Those with the right."""
        return request.user.has_perm(PROPOSE)

    def has_discard_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Those with the right."""
        return request.user.has_perm(DISCARD)

    def get_actions_detail(self, request: HttpRequest, object_id: int | str) -> list[UnfoldAction]:
        """Only what the letter's state allows to this person."""
        letter = DeadLetter.objects.filter(pk=number_of(object_id)).first()
        names = _fitting(letter, request) if letter else set()
        return fitting(super().get_actions_detail(request, object_id), names)

    @dialog_action(
        description="Send again",
        icon="replay",
        permissions=["propose"],
        dialog=SENDING,
        variant=ActionVariant.PRIMARY,
    )
    def reprocess(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Send a letter that another approved."""
        act, number = services.letter_reprocess, existing(object_id)
        return carried_out(request, form, SENDING, act, f"Letter {number} is sent again.", letter_id=number)

    @dialog_action(description="Approve", icon="check", permissions=["approve"], dialog=APPROVING)
    def approve(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Agree that another sends it."""
        act, number = services.letter_approve, existing(object_id)
        text = f"Letter {number} is approved; another person than you sends it."
        return carried_out(request, form, APPROVING, act, text, letter_id=number)

    @dialog_action(description="Discard", icon="delete", permissions=["discard"], dialog=DISCARDING)
    def discard(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Decide that it is not needed."""
        act, number = services.letter_discard, existing(object_id)
        return carried_out(request, form, DISCARDING, act, f"Letter {number} is discarded.", letter_id=number)

    @admin.action(description="Propose a redrive…", permissions=["propose"])
    def propose_chosen(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> HttpResponse:
        """On to the proposal."""
        return _chosen("admin:dlq_admin_deadletter_propose", queryset)

    @admin.action(description="Approve one by one…", permissions=["approve"])
    def approve_chosen(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> HttpResponse:
        """On to the preview."""
        return _chosen("admin:dlq_admin_deadletter_approve_many", queryset)

    @admin.action(description="Send again what others approved…", permissions=["propose"])
    def send_chosen(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> HttpResponse:
        """On to the preview."""
        return _chosen("admin:dlq_admin_deadletter_send_many", queryset)

    @admin.action(description="Discard…", permissions=["discard"])
    def discard_chosen(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> HttpResponse:
        """On to the preview."""
        return _chosen("admin:dlq_admin_deadletter_discard_many", queryset)

    def propose_view(self, request: HttpRequest) -> HttpResponse:
        """What would be frozen; with POST, proposed."""
        transform = transform_of(request)  # which is no part of the list's filter
        return proposing.page(self, request, self._found(request), transform)

    def approve_many(self, request: HttpRequest) -> HttpResponse:
        """What would be approved; with POST, approved."""
        return many.page(self, request, deciding_many.APPROVE, self._found)

    def send_many(self, request: HttpRequest) -> HttpResponse:
        """What would be sent again, and on whose approval; with POST, sent."""
        return many.page(self, request, sending_many.SEND, self._found)

    def discard_many(self, request: HttpRequest) -> HttpResponse:
        """What would be discarded; with POST, discarded."""
        return many.page(self, request, deciding_many.DISCARD, self._found)

    def clean_up_view(self, request: HttpRequest) -> HttpResponse:
        """What would be deleted; with POST, deleted."""
        return cleaning.page(self, request)

    @method_decorator(require_POST)
    def payload_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The bytes of a letter. An act, and audited: by a press of a button, never by a link."""
        if not isinstance(request.user, User) or not self.has_view_permission(request):
            raise PermissionDenied
        try:
            payload = services.payload_read(letter_id=pk, actor=request.user)
        except Forbidden:
            raise PermissionDenied from None
        except NotFound as problem:
            return self._payload(request, pk, {"problem": problem.detail})
        letter = DeadLetter.objects.get(pk=pk)
        editable = payload_view.editable(payload) if may_be_proposed(letter, request.user) else None
        return self._payload(request, pk, {**payload_view.shown(payload), "editable": editable})

    @method_decorator(require_POST)
    def edit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Propose that a letter is sent with other bytes."""
        if not isinstance(request.user, User) or not self.has_view_permission(request):
            raise PermissionDenied
        value, reason = request.POST.get("value", ""), request.POST.get("reason", "")
        try:
            # A form sends line ends as CR LF, whatever they were.
            text = value.replace("\r\n", "\n").encode()
            batch = services.letter_edit(letter_id=pk, value=text, actor=request.user, reason=reason)
        except NotFound:
            raise Http404 from None
        except Refused as problem:
            shown = {"editable": value, "reason": reason, "refused": problem}
            return self._payload(request, pk, shown, status=problem.status)
        messages.success(request, f"Batch {batch.pk} is proposed: another person approves the changed bytes.")
        return redirect("admin:dlq_admin_redrivebatch_change", batch.pk)

    def _payload(
        self, request: HttpRequest, pk: int, shown: dict[str, Any], *, status: int = 200
    ) -> HttpResponse:
        return piece_or_page(
            self,
            request,
            "dlq_admin/payload.html",
            {**shown, "pk": pk},
            title=f"Bytes of letter {pk}",
            back=Back(reverse("admin:dlq_admin_deadletter_change", args=[pk]), "Back to the letter"),
            status=status,
        )

    def _found(self, request: HttpRequest) -> list[int]:
        """Letters that are named by `ids`, or else the oldest of those that the list shows for this query."""
        if (named := request.GET.get(IDS)) is not None:
            return [number for text in named.split(",") if (number := number_of(text))][: services.MANY]
        asked = request.GET.copy()
        for name in PASSING:
            asked.pop(name, None)
        request.GET = asked  # type: ignore[assignment]  # a list refuses what it does not know
        try:
            letters = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            raise Http404 from None
        return selectors.letters_oldest(letters, most=services.BATCH_MOST)


def _fitting(letter: DeadLetter, request: HttpRequest) -> set[str]:
    if letter.batch_id is not None:
        return set()
    if letter.state == State.APPROVED:
        return {"discard"} | ({"reprocess"} if letter.approved_by_id != request.user.pk else set())
    if letter.state in WAITING:
        return {"discard"} | (set() if why_not(letter) else {"approve"})
    return set()


def _chosen(name: str, chosen: QuerySet[DeadLetter]) -> HttpResponse:
    ids = chosen.order_by("-pk").values_list("pk", flat=True)[: services.MANY]
    return redirect(f"{reverse(name)}?{IDS}={','.join(map(str, ids))}")
