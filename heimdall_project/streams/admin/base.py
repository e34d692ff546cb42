"""What the pages of the runtime have in common."""

import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.paginator import InfinitePaginator

from ...accounts.models import User
from ...accounts.pages import ListedAdmin
from ...observability.masking import masked
from .. import registry, topics

PREVIEW = 4000
"""Characters of a payload that are shown."""


class ReadOnlyAdmin(ListedAdmin):
    """Rows that only the runtime writes."""

    list_per_page = 50
    list_fullwidth = True
    show_facets = ShowFacets.NEVER

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The runtime adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """The runtime changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """The runtime deletes."""
        return False


class LargeTableAdmin(ReadOnlyAdmin):
    """A table that may have millions of rows: nothing counts them."""

    paginator = InfinitePaginator
    show_full_result_count = False


class OwnPageAdmin(LargeTableAdmin):
    """A row has a page of its own instead of a form."""

    page_title = ""
    """What a row is called above its page, before its number."""

    def page(self, request: HttpRequest, user: User, row: Any) -> dict[str, Any]:
        """What the page shows; asked only for those who may see the row."""
        raise NotImplementedError

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page of one row."""
        row = self.get_object(request, object_id)
        shown: dict[str, Any] = {}
        if row and isinstance(request.user, User) and self.has_view_permission(request, row):
            shown = self.page(request, request.user, row)
        more = {**(extra_context or {}), **shown, "title": f"{self.page_title} {object_id}", "subtitle": None}
        response: HttpResponse = super().change_view(request, object_id, form_url, more)
        return response


class ChoiceFilter(admin.SimpleListFilter):
    """Filters by a column whose values the code knows: no query over the table is needed to list them."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The known values."""
        return [(value, value) for value in self.values()]

    def values(self) -> Iterable[str]:
        """Values that the column may have."""
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Rows with the chosen value."""
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class TopicFilter(ChoiceFilter):
    """By topic."""

    title, parameter_name = "topic", "topic"

    def values(self) -> Iterable[str]:
        """Declared topics."""
        return [spec.name for spec in topics.specs()]


class GroupFilter(ChoiceFilter):
    """By consumer group."""

    title, parameter_name = "group", "group"

    def values(self) -> Iterable[str]:
        """Groups of the registered consumers."""
        return [w.group() for w in registry.workers() if issubclass(w, registry.CONSUMER_SHAPES)]


class WorkerFilter(ChoiceFilter):
    """By worker."""

    title, parameter_name = "worker", "worker"

    def values(self) -> Iterable[str]:
        """Registered workers."""
        return [worker.name for worker in registry.workers()]


def place(row: Any) -> str:
    """Topic, partition and offset of a row."""
    return f"{row.topic}[{row.partition}]@{row.offset}"


def text_of(value: bytes | memoryview | None) -> str:
    """Bytes as text for people; what is not UTF-8 is shown as replacement characters."""
    return "" if value is None else bytes(value).decode(errors="replace")


def preview(value: bytes | memoryview | None) -> SafeString:
    """A bounded, escaped view of a payload without secrets; JSON is laid out."""
    if value is None:
        return format_html("{}", "no value")
    size, text = len(bytes(value)), text_of(bytes(value)[: 4 * PREVIEW])
    with suppress(ValueError, RecursionError):  # not JSON, cut in the middle of it, or nested to do harm
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    cut = f"… {size} bytes in all" if len(text) > PREVIEW else ""
    shown = masked(text[: 2 * PREVIEW])[:PREVIEW]  # in this order: half a secret would not be recognised
    return format_html('<pre class="whitespace-pre-wrap break-all">{}</pre>{}', shown, cut)
