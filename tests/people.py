"""Four people with different rights, for every test about who may do what."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from heimdall_project.accounts.models import User

PASSWORD = "a-long-password-for-tests"


class People(NamedTuple):
    """Vera sees, Omar operates, Ada approves, Eve has an account and no rights."""

    vera: User
    omar: User
    ada: User
    eve: User


@pytest.fixture
def people(db: None) -> People:
    """Vera, Omar, Ada and Eve, made anew."""
    from django.contrib.auth.models import Group

    from heimdall_project.accounts.models import User
    from heimdall_project.accounts.roles import sync_roles

    sync_roles()

    def person(name: str, role: str) -> User:
        user = User.objects.create_user(name, password=PASSWORD, is_staff=bool(role))
        user.groups.set(Group.objects.filter(name=role))
        return user

    return People(
        person("vera", "viewer"), person("omar", "operator"), person("ada", "approver"), person("eve", "")
    )
