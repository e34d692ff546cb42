"""Where a request waits: first for its body, then for its turn.

A server that reads bodies by threads is started with more threads than requests are worked on: those in which
a body is awaited cost nothing else, neither a turn nor a connection to the database. `API_BODIES_AT_ONCE` of
them may read, `API_REQUESTS_AT_ONCE` work, four times as many wait for their turn; the threads that are left
tell everybody else to come again. Probes need no turn.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakSet

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.signals import request_finished
from django.db import connections
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase

from ..errors import Refused, Unavailable
from .arrivals import Arrival, Arrivals
from .cutting import Cutting
from .handlers import bad_request, is_page, refused_early
from .leftovers import is_still_sent, pass_over
from .problems import problem_of, response_for
from .request_id import QUIET
from .turns import Turns


class Reception:
    """Middleware behind request ids and problems, before everything that works."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._arrivals = Arrivals(most=settings.API_BODIES_AT_ONCE, seconds=settings.API_BODY_SECONDS)
        self._cutting = Cutting(self._arrivals)
        self._turns = Turns(most=settings.API_REQUESTS_AT_ONCE, seconds=settings.API_TURN_SECONDS)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle one request; refuse early what can not be served."""
        try:
            if not is_page(request) and (early := refused_early(request)):
                self._pass_over(request)
                return response_for(early, request)
            self._receive(request)
            request.received_at = time.monotonic()  # type: ignore[attr-defined]
            if request.path in QUIET:
                return self.get_response(request)
            with self._turns.one():
                return self.get_response(request)
        except (Refused, RequestDataTooBig, UnreadablePostError) as error:
            return _told(error, request)

    def _receive(self, request: HttpRequest) -> None:
        """Read the body. Raises RequestDataTooBig beyond `API_MAX_BODY_BYTES`."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length == "0" or not length.isdecimal():
            self._pass_over(request)
            return
        if int(length) > settings.API_MAX_BODY_BYTES:
            self._pass_over(request)
        with self._arriving(request) as arrival:
            if len(request.body) < int(length):
                self._arrivals.refuse_if_late(arrival)

    def _pass_over(self, request: HttpRequest) -> None:
        """Let a client finish whose body nobody wants, unless too many others send theirs."""
        if is_still_sent(request):
            with suppress(Unavailable), self._arriving(request):
                pass_over(request)

    @contextmanager
    def _arriving(self, request: HttpRequest) -> Iterator[Arrival]:
        """A block in which the body of this request is read; cut when that takes too long."""
        self._cutting.begin()
        port = request.META.get("SERVER_PORT", "")
        address = request.META.get("REMOTE_ADDR", "")
        with self._arrivals.one(address, int(port) if port.isdecimal() else 0) as arrival:
            yield arrival


def _told(error: Exception, request: HttpRequest) -> HttpResponse:
    """What is refused in numbers is counted, and worth no traceback."""
    problem = problem_of(error)
    if problem is None or is_page(request):
        response = bad_request(request, error)
    else:
        response = response_for(problem, request)
    response.headers["Content-Length"] = str(len(response.content))
    return response


def received_at(request: HttpRequest) -> float:
    """When the whole request was there (monotonic); waiting for its turn has cost it some of its time."""
    moment: float = getattr(request, "received_at", 0.0)
    return moment or time.monotonic()


class _Keeper:
    """A thread that keeps its connections to databases."""


_local = threading.local()
_keepers: WeakSet[_Keeper] = WeakSet()
_lock = threading.Lock()


def _keeps() -> bool:
    """Whether this thread is one of the first that worked; one that ends makes room."""
    if getattr(_local, "keeper", None) is None:
        with _lock:
            if len(_keepers) >= settings.API_REQUESTS_AT_ONCE:
                return False
            _local.keeper = _Keeper()
            _keepers.add(_local.keeper)
    return True


def leave_no_connection(**_: Any) -> None:
    """Databases see as many standing connections as requests are worked on, whatever number of threads."""
    mine = [each for each in connections.all(initialized_only=True) if each.connection is not None]
    if mine and not _keeps():
        for each in mine:
            if not each.in_atomic_block:
                each.close()


request_finished.connect(leave_no_connection, dispatch_uid="heimdall.leave_no_connection")
