"""What every list of the admin has in common, whatever app it belongs to."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.db.models.options import Options
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import capfirst
from unfold.admin import ModelAdmin

NO_ROWS = "Nothing was done: what was chosen are no rows of this list."


class ListedAdmin(ModelAdmin):
    """The base of all admin classes; a test holds that."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, called by what it lists: tabs and bookmarks show that name."""
        named = {"title": capfirst(str(self.opts.verbose_name_plural)), **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, named)
        return response

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase | None:
        """What an action answers. Rows that can be none are refused before the database is asked for them."""
        if not all(self._is_row(each) for each in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            self.message_user(request, NO_ROWS, messages.ERROR)
            return None
        response: HttpResponseBase | None = super().response_action(request, queryset)
        return response

    def _is_row(self, value: str) -> bool:
        key = self.opts.pk
        if "\0" in value:  # PostgreSQL has no such text, and a field of a model does not mind it
            return False
        try:
            key.run_validators(key.to_python(value))
        except ValidationError:
            return False
        return True

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: "Options[Model]", object_id: str
    ) -> HttpResponse:
        """To its list, and not to the overview as Django does: the next best row is there."""
        name = capfirst(str(opts.verbose_name))
        self.message_user(request, f"{name} {object_id} is not there, or not any more.", messages.WARNING)
        return redirect(reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"))
