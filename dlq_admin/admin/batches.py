"""The list of redrive batches, and the page of one."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.decorators import display

from heimdall_project.accounts.models import User
from heimdall_project.api import stream
from heimdall_project.errors import Forbidden, NotFound
from heimdall_project.streams.admin.base import OwnPageAdmin
from heimdall_project.streams.admin.pieces import Back, piece_or_page
from heimdall_project.streams.admin.wording import age, cell, visible

from .. import selectors
from ..models import RedriveBatch
from ..services import batch_compare
from . import batch_view, payload_view
from .batch_orders import BatchOrdersAdmin
from .filters import BatchStateFilter, ProposerFilter
from .wording import BATCH_LOOKS, batch_look

SHOWN = 110
"""Characters of a reason in the list."""
COMPARED = 10
"""Letters whose bytes are shown before and after."""


@admin.register(RedriveBatch)
class RedriveBatchAdmin(BatchOrdersAdmin, OwnPageAdmin):
    """Batches, newest first."""

    list_display = ("number", "shown_state", "why", "letters", "proposer", "approver", "proposed", "noted")
    list_filter = (BatchStateFilter, ProposerFilter)
    list_filter_submit = True
    empty_template = "dlq_admin/no_batches.html"
    ordering = ("-proposed_at", "-id")
    page_title = "Batch"
    change_form_template = "dlq_admin/batch.html"

    class Media:
        css = {"all": ("heimdall/pages.css", "heimdall/lists.css", "dlq_admin/letters.css")}

    def get_urls(self) -> list[URLPattern]:
        """The look at the bytes."""
        view = self.admin_site.admin_view(self.compare_view)
        return [
            path("<int:pk>/compare/", view, name="dlq_admin_redrivebatch_compare"),
            *super().get_urls(),
        ]

    @method_decorator(require_POST)
    def compare_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The first bytes before and after. An act, and audited: by a press of a button, never by a link."""
        if not isinstance(request.user, User) or not self.has_view_permission(request):
            raise PermissionDenied
        try:
            comparison = batch_compare(batch_id=pk, actor=request.user, most=COMPARED)
        except Forbidden:
            raise PermissionDenied from None
        except NotFound:
            raise Http404 from None
        return piece_or_page(
            self,
            request,
            "dlq_admin/compared.html",
            payload_view.compared(comparison),
            title=f"Bytes of batch {pk}",
            back=Back(reverse("admin:dlq_admin_redrivebatch_change", args=[pk]), "Back to the batch"),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[RedriveBatch]:
        """Batches with the people who decided about them, and how they ended."""
        return selectors.batches_with_ends(selectors.batches_listed())

    def page(self, request: HttpRequest, user: User, row: RedriveBatch) -> dict[str, Any]:
        """The batch and its letters, and where its progress is told."""
        shown = batch_view.page(row, user, timezone.now(), asked=request.GET.get("items", ""))
        return {**shown, "stream_url": stream.public_url(request, f"dlq/batches/{row.pk}")}

    @display(description="Batch")
    def number(self, batch: RedriveBatch) -> str:
        """Its number."""
        return f"#{batch.pk}"

    @display(description="State", label=BATCH_LOOKS)
    def shown_state(self, batch: Any) -> tuple[str, str]:
        """Where it stands, or how it ended."""
        look = batch_look(
            batch.state, failed=batch.failed, any_handled=batch.any_handled, most=selectors.FAILED_MOST
        )
        return look.look, look.text

    @display(description="Reason")
    def why(self, batch: RedriveBatch) -> SafeString:
        """Its beginning."""
        return cell(visible(batch.reason), SHOWN)

    @display(description="Letters")
    def letters(self, batch: RedriveBatch) -> str:
        """How many are in its set."""
        return f"{batch.size:,}"

    @display(description="Proposed by")
    def proposer(self, batch: RedriveBatch) -> str:
        """Who wants it."""
        return batch.proposed_by.get_username()

    @display(description="Approved by")
    def approver(self, batch: RedriveBatch) -> str:
        """Who agreed."""
        people = [each.get_username() for each in (batch.approved_by, batch.second_approved_by) if each]
        return ", ".join(people) or "-"

    @display(description="Age")
    def proposed(self, batch: RedriveBatch) -> str:
        """Since it was proposed."""
        return age((timezone.now() - batch.proposed_at).total_seconds())

    @display(description="Note")
    def noted(self, batch: RedriveBatch) -> str:
        """What it waits for, or why it stopped."""
        return visible(batch.note)[:SHOWN] or "-"
