"""Who may come in at the stream door: host, origin, credentials. Synchronous; runs in a thread."""

from importlib import import_module
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.asgi import ASGIRequest
from rest_framework.exceptions import NotAuthenticated

from ...accounts.models import User
from ...errors import Forbidden
from ..authentication import BasicAuthentication
from .feed import Source
from .routes import match

_basic = BasicAuthentication()


def admit(request: ASGIRequest) -> tuple[str, User, Source]:
    """The route's name, the user and the source. Raises Refused, NotAuthenticated or what the ORM raises."""
    route = match(request.path)
    user = user_of(request)
    return route.name, user, route.open(user, request.GET)


def user_of(request: ASGIRequest) -> User:
    """The user by session cookie or by basic credentials. Raises NotAuthenticated or AuthenticationFailed."""
    if "Authorization" in request.headers:
        found = _basic.authenticate(request)  # type: ignore[arg-type]  # it reads headers only
        if found is not None:
            user: User = found[0]
            return user
    elif key := request.COOKIES.get(settings.SESSION_COOKIE_NAME):
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
        signed_in = get_user(request)
        if isinstance(signed_in, User):
            return signed_in
    error = NotAuthenticated()
    error.auth_header = _basic.authenticate_header(request)  # type: ignore[attr-defined, arg-type]
    raise error


def cors_headers(request: ASGIRequest) -> dict[str, str]:
    """Headers that let the page of another origin read the answer. Raises Forbidden for a foreign origin.

    Raises DisallowedHost for a host that is not ours.
    """
    host, origin = request.get_host(), request.headers.get("Origin")
    if origin is None or urlsplit(origin).netloc == host:
        return {"Vary": "Origin"}
    if origin not in settings.CORS_ALLOWED_ORIGINS:
        raise Forbidden("Pages of that origin may not listen here; see CORS_ALLOWED_ORIGINS.")
    return {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": "X-Request-Id, Retry-After",
    }
