"""Request ids in and out, the log context of a request, and the access log."""

import re
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from ..observability.hooks import UnitOfWork, finished
from ..observability.logging import bound, get_logger, unbind_all
from ..observability.tracing import Entered, Trace, begin, continued

log = get_logger(__name__)
HEADER = "X-Request-Id"
TRACE_HEADER = "X-Trace-Id"
"""Carries the trace's id back; the W3C has no finished header for that (`traceresponse` is a draft)."""
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}")
QUIET = frozenset({"/livez", "/readyz", "/metrics"})
"""Paths that are asked every few seconds; their access lines are of level debug."""


def accepted(raw: str | None) -> str:
    """The caller's request id if it is sane (a printable word of at most 128 characters), else a new one."""
    return raw if raw and _SANE.fullmatch(raw) else uuid.uuid4().hex


def current(request: HttpRequest) -> str:
    """The id of this request, "" outside of the middleware."""
    return getattr(request, "request_id", "")


def remote_address(forwarded: str, peer: str) -> str:
    """Who calls: the peer, or, behind `TRUSTED_PROXIES` proxies, the entry that the outermost one wrote."""
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    trusted: int = settings.TRUSTED_PROXIES
    return hops[max(0, len(hops) - trusted)] if trusted and hops else peer


class RequestIdMiddleware:
    """Outermost of ours: everything below logs with the request's id, and every answer carries it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        unbind_all()  # a thread serves many requests
        begun = time.perf_counter()
        meta = request.META  # `request.headers` would first be built out of it
        identity = accepted(meta.get("HTTP_X_REQUEST_ID"))
        address = remote_address(meta.get("HTTP_X_FORWARDED_FOR", ""), meta.get("REMOTE_ADDR", ""))
        request.request_id = identity  # type: ignore[attr-defined]
        trace = request_trace(request, identity)
        with bound(request_id=identity, remote_address=address, trace_id=trace.trace_id), Entered(trace):
            response = self.get_response(request)
            response.headers[HEADER] = identity
            response.headers[TRACE_HEADER] = trace.trace_id
            _account(request, response, time.perf_counter() - begun)
            _tell(trace, request, response)
        return response


def request_trace(request: HttpRequest, identity: str) -> Trace:
    """The caller's trace goes on, or a new one begins; probes are not recorded."""
    path, method, raw = request.path, request.method or "", request.META.get("HTTP_TRACEPARENT")
    if path in QUIET:
        return Trace(continued(raw))
    return begin(
        raw,
        request.META.get("HTTP_TRACESTATE"),
        name=method,
        attributes={"http.request.method": method, "url.path": path[:500], "heimdall.request_id": identity},
    )


def _tell(trace: Trace, request: HttpRequest, response: HttpResponseBase) -> None:
    """What the span says of an answer."""
    if trace.span is None:
        return
    if (match := request.resolver_match) is not None:
        trace.rename(f"{request.method} {match.route}")
        trace.note(**{"http.route": match.route})
    trace.note(**{"http.response.status_code": response.status_code})
    if response.status_code >= 500:
        trace.fail(str(response.status_code))


def _who(request: HttpRequest) -> str:
    """The name of the caller if anybody asked who it is; asking here would cost each request a query."""
    asked = getattr(request, "_cached_user", None)  # by a session
    given = request.__dict__.get("user")  # the API puts here whom it authenticated, in place of a lazy object
    user = asked if asked is not None or type(given) is SimpleLazyObject else given
    return "" if user is None else str(user.get_username())


def _account(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    match = request.resolver_match
    route = match.route if match else ""
    facts: dict[str, object] = {
        "method": request.method,
        "path": request.path,  # without the query, which may hold what should not be logged
        "route": route,
        "status": response.status_code,
        "user": _who(request),
    }
    write = log.debug if request.path in QUIET else log.info
    sentence = f"{request.method} {request.path} answered {response.status_code}"
    write(sentence, action="http_request", duration_ms=round(seconds * 1000, 1), **facts)
    finished(
        UnitOfWork(
            kind="request",
            name=route,
            outcome=str(response.status_code),
            seconds=seconds,
            request_id=current(request),
            facts=facts,
        )
    )
