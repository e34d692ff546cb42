"""Who calls, and what stays with them."""

from typing import cast

from rest_framework.request import Request

from heimdall_project.accounts.models import User

NOT_KEPT = {"Cache-Control": "no-store"}
"""Bytes of records: a look at them is written down, so none may come out of a cache."""


def caller(request: Request) -> User:
    """The signed-in user; the permission classes have seen to that."""
    return cast(User, request.user)
