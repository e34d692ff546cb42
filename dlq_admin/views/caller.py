"""Who calls."""

from typing import cast

from rest_framework.request import Request

from heimdall_project.accounts.models import User


def caller(request: Request) -> User:
    """The signed-in user; the permission classes have seen to that."""
    return cast(User, request.user)
