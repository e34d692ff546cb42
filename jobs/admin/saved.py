"""Filters that people keep: chips above a list."""

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from heimdall_project.accounts.models import User
from heimdall_project.streams.admin.wording import visible

from ..models import SavedFilter
from ..models.saved_filter import NAME_LENGTH, QUERY_LENGTH

MOST = 50
"""Filters that one person keeps for a list, and chips that a list shows."""
PASSING = frozenset({"p", "e", "all", "_popup", "_to_field", "_facets", "_changelist_filters"})
"""Parameters of a list that are not part of a filter."""


class Chip(NamedTuple):
    """A saved filter as it is shown."""

    pk: int
    name: str
    href: str
    is_active: bool
    is_own: bool
    shared: bool
    by: str


def normal(query: str) -> str:
    """A query string as it is kept: without what is empty or passing, in order, so that equals are equal."""
    pairs = parse_qsl(query.lstrip("?"), max_num_fields=100)
    return urlencode(sorted((name, value) for name, value in pairs if name not in PASSING))


def chosen(params: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What a list is filtered by now, by parameter."""
    return {name: value for name, value in params if value and name not in PASSING}


def chips(user: User, page: str, current: str) -> list[Chip]:
    """Own filters of a list and those that others share, by name."""
    rows = SavedFilter.objects.filter(Q(owner=user) | Q(shared=True), page=page).select_related("owner")
    return [
        Chip(
            pk=row.pk,
            name=visible(row.name),
            href=f"?{row.query}",
            is_active=row.query == current,
            is_own=row.owner_id == user.pk,
            shared=row.shared,
            by=row.owner.get_username(),
        )
        for row in rows[:MOST]
    ]


def keep(request: HttpRequest, user: User, page: str, back: str) -> HttpResponse:
    """Keep the posted filter under the posted name; one of that name is replaced. Back to the list."""
    name = " ".join(request.POST.get("name", "").replace("\0", "").split())
    query = normal(request.POST.get("query", "").replace("\0", ""))
    if problem := _problem(user, page, name, query):
        messages.error(request, problem)
    else:
        values = {"query": query, "shared": request.POST.get("shared") == "on"}
        SavedFilter.objects.update_or_create(owner=user, page=page, name=name, defaults=values)
        messages.success(request, f"The filter “{name}” is kept.")
    return redirect(f"{back}?{query}")


def drop(request: HttpRequest, user: User, page: str, pk: int, back: str) -> HttpResponse:
    """Delete an own filter. Those of others are not there: 404. Back to the list as it was."""
    row = get_object_or_404(SavedFilter, pk=pk, page=page, owner=user)
    row.delete()
    messages.success(request, f"The filter “{row.name}” is deleted.")
    return redirect(f"{back}?{normal(request.POST.get('query', '').replace(chr(0), ''))}")


def _problem(user: User, page: str, name: str, query: str) -> str:
    """Why it cannot be kept, or nothing."""
    if not name:
        return "A filter needs a name."
    if len(name) > NAME_LENGTH:
        return f"A name has at most {NAME_LENGTH} characters."
    if not query:
        return "There is nothing to keep: choose a filter or search first."
    if len(query) > QUERY_LENGTH:
        return "This filter is too long to be kept."
    own = SavedFilter.objects.filter(owner=user, page=page)
    if own.count() >= MOST and not own.filter(name=name).exists():
        return f"You keep {MOST} filters of this list already; delete one first."
    return ""
