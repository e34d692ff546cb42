"""A piece of a page for htmx; a whole page with that piece in a tab of its own, or without script."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


class Back(NamedTuple):
    """Where a page leads back to."""

    href: str
    title: str


def piece_or_page(
    model_admin: Any,
    request: HttpRequest,
    template: str,
    shown: Mapping[str, Any],
    *,
    title: str,
    back: Back,
    status: int = 200,
) -> HttpResponse:
    """What `template` makes of `shown`. A piece is always 200: htmx shows nothing else."""
    if "HX-Request" in request.headers:
        return render(request, template, dict(shown))
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "media": model_admin.media,
        "title": title,
        "back": back,
        "piece": template,
        **shown,
    }
    return render(request, "admin/piece_page.html", context, status=status)
