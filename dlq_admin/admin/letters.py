"""The list of dead letters, and the page of one."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from heimdall_project.accounts.models import User
from heimdall_project.streams.admin.base import OwnPageAdmin, place
from heimdall_project.streams.admin.wording import age, cell, visible

from .. import selectors
from ..models import DeadLetter
from ..services.permitted import CLEAN_UP, PROPOSE
from ..states import State
from . import exporting, letter_view, searching
from .filters import (
    CauseFilter,
    ContestedFilter,
    DispositionFilter,
    ErrorFilter,
    GroupFilter,
    StateFilter,
    TopicFilter,
    WriterFilter,
)
from .letter_orders import LetterOrdersAdmin
from .questions import questions
from .wording import STATE_COLOURS

SHOWN = 110
"""Characters of a message in the list."""


@admin.register(DeadLetter)
class DeadLetterAdmin(LetterOrdersAdmin, OwnPageAdmin):
    """Dead letters, the latest failure first."""

    list_display = ("number", "shown_state", "error", "came_from", "of_cause", "attempt", "failed")
    list_filter = (
        StateFilter,
        CauseFilter,
        DispositionFilter,
        TopicFilter,
        GroupFilter,
        ErrorFilter,
        WriterFilter,
        ContestedFilter,
        ("failed_at", RangeDateTimeFilter),
    )
    list_filter_submit = True
    list_disable_select_all = True  # the table is not counted; "all that fit" has a link of its own
    list_before_template = "dlq_admin/letter_list.html"
    empty_template = "dlq_admin/no_letters.html"
    search_fields = ("id",)  # the theme shows the field for it; `get_search_results` does the search
    search_help_text = searching.HELP
    ordering = ("-failed_at", "-id")
    page_title = "Dead letter"
    change_form_template = "dlq_admin/letter.html"

    class Media:
        css = {"all": ("heimdall/pages.css", "heimdall/lists.css", "dlq_admin/letters.css")}

    def get_urls(self) -> list[URLPattern]:
        """What is listed as a file."""
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/", view, name="dlq_admin_deadletter_export"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeadLetter]:
        """Letters with their causes."""
        return selectors.letters_listed()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[DeadLetter], search_term: str
    ) -> tuple[QuerySet[DeadLetter], bool]:
        """By what letters are called; no row comes twice."""
        return searching.search(queryset, search_term), False

    @method_decorator(require_GET)
    def export_view(self, request: HttpRequest) -> HttpResponse:
        """What the list shows as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        kind = request.GET.get("format", "csv")
        return exporting.letters(kind, exporting.listed(self, request))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with what can be done with all that it shows."""
        more = {
            "export": exporting.query(request),
            "may_propose": request.user.has_perm(PROPOSE),
            "may_clean_up": request.user.has_perm(CLEAN_UP),
            "of_approved": request.GET.get("state") == State.APPROVED,
            "questions": questions(request, self._oldest_first(request)),
        }
        response: HttpResponse = super().changelist_view(request, {**(extra_context or {}), **more})
        return response

    def _oldest_first(self, request: HttpRequest) -> str:
        """How the address asks for this order: by the place of the column, behind the boxes to tick."""
        boxes = 1 if self.get_actions(request) else 0
        return str(self.list_display.index("failed") + boxes)

    def page(self, request: HttpRequest, user: User, row: DeadLetter) -> dict[str, Any]:
        """The letter and what happened to it."""
        return letter_view.page(row, user, timezone.now())

    @display(description="Letter")
    def number(self, letter: DeadLetter) -> str:
        """Its number."""
        return f"#{letter.pk}"

    @display(description="State", label=STATE_COLOURS)
    def shown_state(self, letter: DeadLetter) -> str:
        """Where it stands."""
        return letter.state

    @display(description="Error")
    def error(self, letter: DeadLetter) -> SafeString:
        """Class and message."""
        text = cell(visible(letter.error_message), SHOWN)
        return format_html(
            '<strong class="dl-error">{}</strong>{}', visible(letter.cluster.error_class), text
        )

    @display(description="Record", header=True)
    def came_from(self, letter: DeadLetter) -> list[str]:
        """Its place, and who failed."""
        return [visible(place(letter)), visible(letter.group)]

    @display(description="Cause")
    def of_cause(self, letter: DeadLetter) -> str:
        """The number of its cause."""
        return f"#{letter.cluster_id}"

    @display(description="Failed", ordering="failed_at")
    def failed(self, letter: DeadLetter) -> str:
        """Since its latest failure."""
        return age((timezone.now() - letter.failed_at).total_seconds())
