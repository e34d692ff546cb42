"""Basic authentication for programs, until they have tokens."""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from threading import Lock

from django.conf import settings
from django.contrib.auth import get_user_model
from rest_framework import authentication
from rest_framework.request import Request

from ..accounts.demo import is_demo
from ..accounts.models import User


class Remembered:
    """Passwords that were right lately, so that a slow hash is not computed for each request.

    Kept as keyed digests with a key of this process, beside the stored hash that they were checked
    against: a changed password forgets them. Bounded in number and in time.
    """

    def __init__(self, *, most: int = 1000, seconds: float = 60.0) -> None:
        self._most, self._seconds = most, seconds
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
        self._lock = Lock()

    def _digest(self, username: str, password: str) -> bytes:
        text = f"{len(username)}:{username}{password}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text, hashlib.sha256)

    def knows(self, username: str, password: str, stored: str) -> bool:
        """Whether this pair was checked against this stored hash lately."""
        with self._lock:
            checked, until = self._known.get(self._digest(username, password), ("", 0.0))
        return bool(checked) and checked == stored and time.monotonic() < until

    def add(self, username: str, password: str, stored: str) -> None:
        """Remember a pair that was right."""
        with self._lock:
            self._known[self._digest(username, password)] = (stored, time.monotonic() + self._seconds)
            while len(self._known) > self._most:
                self._known.popitem(last=False)


remembered = Remembered()


class BasicAuthentication(authentication.BasicAuthentication):
    """User name and password in the `Authorization` header."""

    www_authenticate_realm = "heimdall"

    def authenticate_credentials(
        self, userid: str, password: str, request: Request | None = None
    ) -> tuple[User, None]:
        """The user of these credentials. Raises AuthenticationFailed."""
        if "\0" in userid or "\0" in password:
            userid = password = ""
        known = get_user_model().objects.filter(username=userid, is_active=True).first()
        guarded = is_demo(userid, password) and not settings.DEBUG
        if known is not None and not guarded and remembered.knows(userid, password, known.password):
            return known, None
        user, _ = super().authenticate_credentials(userid, password, request)
        remembered.add(userid, password, user.password)
        return user, None
