"""System checks about accounts."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError

from .demo import PASSWORD, USERNAMES
from .models import User


@register(Tags.database)
def no_demo_users(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Outside of development no demo user may have its known password. Runs with migrate."""
    if settings.DEBUG or not databases:
        return []
    try:
        found = sorted(
            user.username
            for user in User.objects.filter(username__in=USERNAMES, is_active=True)
            if user.check_password(PASSWORD)
        )
    except DatabaseError:  # before the first migration there is no table
        return []
    if not found:
        return []
    return [
        Error(
            f"Demo users with their known password exist: {', '.join(found)}.",
            hint="Change their passwords (`manage.py changepassword NAME`) or deactivate them.",
            id="accounts.E001",
        )
    ]
