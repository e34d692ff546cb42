"""Rights by name, as roles grant them."""

from typing import Any

from django.http import HttpRequest
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request

from ..errors import Forbidden


def requires(*permissions: str) -> type[BasePermission]:
    """A permission class: signed in, and with all these rights (`app.codename`).

    `permission_classes = [requires("jobs.redrive_analysisjob")]`
    """

    class Requires(IsAuthenticated):
        """Signed in, with the named rights."""

        message = f"You need the right {' and '.join(permissions)}."
        needed = permissions

        def has_permission(self, request: Request, view: Any) -> bool:
            """Whether the caller has every right."""
            return super().has_permission(request, view) and request.user.has_perms(permissions)

    return Requires


def ensure(request: Request | HttpRequest, *permissions: str) -> None:
    """Raise Forbidden unless the caller has all these rights; for rights that depend on the request."""
    if not request.user.has_perms(permissions):
        raise Forbidden(f"You need the right {' and '.join(permissions)}.")


def any_of(*permissions: str) -> type[BasePermission]:
    """A permission class: signed in, and with one of these rights."""

    class AnyOf(IsAuthenticated):
        """Signed in, with one of the named rights."""

        message = f"You need the right {' or '.join(permissions)}."
        needed = permissions

        def has_permission(self, request: Request, view: Any) -> bool:
            """Whether the caller has one of the rights."""
            return super().has_permission(request, view) and any(map(request.user.has_perm, permissions))

    return AnyOf
