"""Users with a known password, for development only."""

from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from .models import User
from .roles import APPROVER, OPERATOR, RIGHTS, VIEWER, sync_roles

PASSWORD = "heimdall-demo"  # noqa: S105 - known on purpose, and refused outside of development


class DemoUser(NamedTuple):
    """One of them."""

    username: str
    role: str
    meaning: str


DEMO_USERS = (
    DemoUser("viewer", VIEWER, "sees everything, changes nothing"),
    DemoUser("operator", OPERATOR, "runs, cancels and redrives jobs, pauses and resumes consumers"),
    DemoUser("approver", APPROVER, "also lets through what needs a second look"),
    DemoUser("admin", "", "may do everything"),
)
USERNAMES = frozenset(user.username for user in DEMO_USERS)


def ensure_demo_users() -> list[DemoUser]:
    """Make the demo users, or bring them back to what they should be. Idempotent.

    Raises ImproperlyConfigured outside of development mode.
    """
    if not settings.DEBUG:
        raise ImproperlyConfigured(
            "Demo users have a known password; they are made only with DEBUG=true. "
            "Use `manage.py createsuperuser` instead."
        )
    with transaction.atomic():
        sync_roles()
        for each in DEMO_USERS:
            user, made = User.objects.get_or_create(username=each.username)
            user.is_staff = user.is_active = True
            user.is_superuser = each.role not in RIGHTS
            if made or not user.check_password(PASSWORD):
                user.set_password(PASSWORD)
            user.save(update_fields=["is_staff", "is_active", "is_superuser", "password"])
            user.groups.set(Group.objects.filter(name=each.role))
    return list(DEMO_USERS)


def is_demo(username: str, password: str) -> bool:
    """Whether these are the credentials of a demo user."""
    return username in USERNAMES and password == PASSWORD
