"""The express lane: requests of known programs, past the middleware that serves browsers.

A view that is asked thousands of times a second by the same few programs has `express`, a function that does
all of its work for a caller whose rights are settled. Whoever came through the front, with a user name and
password in `Authorization` and with the right `needed`, is remembered for `API_REMEMBER_CALLER` seconds, by a
keyed digest of that header; until then requests with the same header and nothing of a browser (no cookie, no
origin) skip sessions, CSRF, CORS and the REST framework, and ask the database nothing. Request ids, logs,
traces, problems and the headers of Django's security middleware stay.

What that means: a changed password, a withdrawn right or a blocked account ends within that time.
"""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django.urls.resolvers import ResolverMatch
from rest_framework.request import Request

from ..accounts.models import User
from .authentication import BasicAuthentication
from .handlers import answer

_HEADER = "HTTP_AUTHORIZATION"
_OF_BROWSERS = ("HTTP_ORIGIN", "HTTP_COOKIE")


class Known:
    """Callers that were let in lately, by right. Bounded in number and in time."""

    def __init__(self, *, most: int = 1000, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[tuple[bytes, str], tuple[User, float]] = OrderedDict()
        self._lock = Lock()

    def _name(self, header: str, right: str) -> tuple[bytes, str]:
        text = header.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text, hashlib.sha256), right

    def get(self, header: str, right: str) -> User | None:
        """Who sends this header, if that was settled lately."""
        user, until = self._known.get(self._name(header, right), (None, 0.0))
        return user if self._clock() < until else None

    def add(self, header: str, right: str, user: User) -> None:
        """This header is of this user, who has this right."""
        until = self._clock() + settings.API_REMEMBER_CALLER
        with self._lock:
            self._known[self._name(header, right)] = (user, until)
            while len(self._known) > self._most:
                self._known.popitem(last=False)

    def forget(self) -> None:
        """Everybody comes through the front again."""
        with self._lock:
            self._known.clear()


known = Known()


def remember(request: Request) -> None:
    """Called by a view whose caller is authenticated and has the right that the view names as `needed`."""
    header = request.META.get(_HEADER)
    if header and isinstance(request.successful_authenticator, BasicAuthentication):
        view = request.parser_context["view"]
        known.add(header, view.needed, cast(User, request.user))


@dataclass(frozen=True)
class Lane:
    """One address."""

    needed: str
    match: ResolverMatch
    serve: Callable[[HttpRequest], HttpResponse]


class ExpressLane:
    """Middleware behind request ids and problems, before everything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._lanes: dict[str, Lane] | None = None

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle one request."""
        lanes = self._lanes
        if lanes is None:
            lanes = self._lanes = _lanes()
        lane = lanes.get(request.path)
        if lane is None or not self._may_pass(request, lane):
            return self.get_response(request)
        try:
            request.get_host()  # refuses a host that is not ours
            response = lane.serve(request)
            response.headers["Content-Length"] = str(len(response.content))
            return response
        except Exception as error:  # boundary: as around a view, what it raises is told to its caller
            return answer(error, request)

    @staticmethod
    def _may_pass(request: HttpRequest, lane: Lane) -> bool:
        meta = request.META
        header = meta.get(_HEADER)
        if header is None or request.method != "POST" or any(map(meta.get, _OF_BROWSERS)):
            return False
        if (user := known.get(header, lane.needed)) is None:
            return False
        request.user = user
        request.resolver_match = lane.match
        return True


def _lanes() -> dict[str, Lane]:
    """Addresses without parameters whose views have `express`."""
    return {
        f"/{route}": Lane(view.needed, resolve(f"/{route}"), _secured(view.express))
        for route, view in _views(get_resolver().url_patterns)
        if hasattr(view, "express")
    }


def _views(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns, route)
        elif (view := getattr(pattern.callback, "cls", None)) is not None:
            yield route, view


def _secured(serve: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    inner: Any = XFrameOptionsMiddleware(serve)
    secured: Any = SecurityMiddleware(inner)
    lane: Callable[[HttpRequest], HttpResponse] = secured
    return lane
