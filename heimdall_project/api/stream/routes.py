"""Addresses below `/stream/`, in the notation of `django.urls.path`."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.http import QueryDict
from django.urls.resolvers import RoutePattern

from ...accounts.models import User
from ...errors import NotFound
from ..filters import refuse_unknown
from .feed import Source

type Factory = Callable[..., Source]
"""Takes the user and the route's arguments; raises Refused where this user may not listen.

One with parameters also takes `query`: lists of texts by name, those that were given.
"""
ALWAYS = "last_event_id"
PREFIX = "/stream/"


class Route(NamedTuple):
    """One registered address."""

    pattern: RoutePattern
    name: str
    factory: Factory
    parameters: Sequence[str] = ()


class Matched(NamedTuple):
    """An address with its arguments."""

    name: str
    factory: Factory
    arguments: dict[str, Any]
    parameters: Sequence[str] = ()

    def open(self, user: User, query: QueryDict) -> Source:
        """The source for this user. Synchronous: may use the ORM. Raises Refused."""
        refuse_unknown(query, {ALWAYS, *self.parameters})
        given = {name: query.getlist(name) for name in self.parameters if name in query}
        more = {"query": given} if self.parameters else {}
        return self.factory(user, **self.arguments, **more)


_routes: dict[str, Route] = {}


def register(route: str, factory: Factory, *, parameters: Sequence[str] = ()) -> None:
    """Serve `factory`'s source at `/stream/<route>`. Raises ValueError where the route is taken."""
    if route in _routes and _routes[route].factory is not factory:
        raise ValueError(f"the stream {route!r} is registered twice")
    _routes[route] = Route(RoutePattern(route, is_endpoint=True), route, factory, parameters)


def forget(route: str) -> None:
    """Take a route out again; for tests."""
    _routes.pop(route, None)


def offered() -> list[str]:
    """All routes, for the index."""
    return sorted(_routes)


def match(path: str) -> Matched:
    """The source at a path. Raises NotFound."""
    rest = path.removeprefix(PREFIX)
    for route in _routes.values():
        if found := route.pattern.match(rest):
            return Matched(route.name, route.factory, found[2], route.parameters)
    raise NotFound("There is no such stream.")
