"""The sidebar of the admin: what is registered there, grouped, for whom may see it."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Dead letters", ("dlq_admin",)),
    ("Jobs", ("jobs", "analysis")),
    ("Streams", ("streams",)),
    ("Accounts", ("accounts", "auth")),
)
"""Titles and the apps below them, in order."""
ICONS = {
    # In the order in which the sidebar shows them.
    "dlq_admin.cluster": "bug_report",
    "dlq_admin.deadletter": "mail_off",
    "dlq_admin.redrivebatch": "replay",
    "jobs.analysisjob": "query_stats",
    "jobs.logentry": "article",
    "jobs.analysisattempt": "replay",
    "jobs.jobtransition": "timeline",
    "analysis.outsideanalysis": "lab_research",
    "analysis.tokenusage": "toll",
    "streams.workerprocess": "memory",
    "streams.consumercontrol": "tune",
    "streams.consumercursor": "bookmark",
    "streams.ledgerentry": "balance",
    "streams.outboxmessage": "outbox",
    "streams.relaylease": "key",
    "streams.redriveoutcome": "restart_alt",
    "streams.skiprequest": "skip_next",
    "streams.floodwindow": "flood",
    "accounts.user": "person",
    "auth.group": "groups",
    "accounts.auditevent": "history",
}
PAGES: dict[str, tuple[str, str, str, str]] = {
    "Dead letters": ("Console", "monitor_heart", "admin:dlq_admin_console", "dlq_admin.view_cluster"),
}
"""Pages that are no list, first in their group: title, icon, address, and the right that they need."""
_PLAIN = "circle"
_COLOURS = {"production": "danger", "staging": "warning"}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links; `SIDEBAR.navigation` of the admin's theme."""
    groups = [(title, [*_page(request, title), *_links(request, apps)]) for title, apps in GROUPS]
    system = [
        {"title": "API", "icon": "api", "link": reverse("docs")},
        {"title": "Readiness", "icon": "health_metrics", "link": reverse("readyz")},
    ]
    return [
        {"title": title, "separator": True, "collapsible": False, "items": items}
        for title, items in [*groups, ("System", system)]
        if items
    ]


def environment_badge(request: HttpRequest) -> list[str]:
    """Name and colour of this installation."""
    name: str = settings.ENVIRONMENT
    return [name.capitalize(), _COLOURS.get(name.lower(), "info")]


def _page(request: HttpRequest, group: str) -> Iterator[dict[str, Any]]:
    if group in PAGES:
        title, icon, name, right = PAGES[group]
        if request.user.has_perm(right):
            yield {"title": title, "icon": icon, "link": reverse(name)}


def _is_page(path: str) -> bool:
    """Whether this is one of `PAGES`, which is nothing else then, whatever its address begins with."""
    return any(path == reverse(name) for _, _, name, _ in PAGES.values())


def _links(request: HttpRequest, apps: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Links of these apps, in the order of `ICONS`, what is not listed there at the end."""
    listed = list(ICONS)
    pages = [(m, page) for m, page in admin.site._registry.items() if m._meta.app_label in apps]
    pages.sort(key=lambda pair: listed.index(name) if (name := pair[0]._meta.label_lower) in ICONS else 99)
    for model, page in pages:
        if page.has_view_permission(request):
            link = _link(model)
            yield {**link, "active": False} if _is_page(request.path) else link


def _link(model: type[Model]) -> dict[str, Any]:
    meta = model._meta
    title = str(meta.verbose_name_plural)
    return {
        "title": title[:1].upper() + title[1:],
        "icon": ICONS.get(meta.label_lower, _PLAIN),
        "link": reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"),
    }
