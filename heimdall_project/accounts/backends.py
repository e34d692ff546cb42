"""How users sign in."""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from ..observability.logging import get_logger
from .demo import is_demo
from .models import User

log = get_logger(__name__)


class GuardedBackend(ModelBackend):
    """User name and password; credentials that everybody knows open nothing outside of development."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **more: Any,
    ) -> User | None:
        """The user of these credentials. Raises PermissionDenied for a demo user outside of development."""
        if not settings.DEBUG and is_demo(username or "", password or ""):
            log.warning("A demo user was refused", action="demo_user_refused", username=username)
            raise PermissionDenied
        user = super().authenticate(request, username=username, password=password, **more)
        return user if isinstance(user, User) else None
