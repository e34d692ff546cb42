"""Something that is done to several rows: a page to look at first, a reason, and what became of each."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from ...accounts.models import User

MOVED_ON = "It moved on since this page was shown: look at it again."


class Outcome(NamedTuple):
    """What became of some rows."""

    text: str
    ids: list[int]
    is_good: bool
    href: str = ""
    """Where more is to be seen."""


def asker(request: HttpRequest, right: str) -> User:
    """Who asks. Raises PermissionDenied for those without the right."""
    if not isinstance(request.user, User) or not request.user.has_perm(right):
        raise PermissionDenied
    return request.user


def alike(told: Iterable[tuple[int, bool, str]]) -> list[Outcome]:
    """Rows that ended alike together, those that ended well first."""
    ended: dict[tuple[bool, str], list[int]] = defaultdict(list)
    for pk, is_good, text in told:
        ended[is_good, text].append(pk)
    return [Outcome(text, pks, is_good) for (is_good, text), pks in sorted(ended.items(), reverse=True)]


def frame(model_admin: Any, request: HttpRequest, *, title: str, back: str, back_to: str) -> dict[str, Any]:
    """What the templates `admin/many.html` and `admin/many_done.html` need of every such page."""
    meta = model_admin.opts
    return {
        **model_admin.admin_site.each_context(request),
        "opts": meta,
        "media": model_admin.media,
        "title": title,
        "back": back,
        "back_to": back_to,
        "row_page": f"admin:{meta.app_label}_{meta.model_name}_change",
    }
