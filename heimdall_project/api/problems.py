"""RFC 9457 problem details: the one form of every error that leaves this system.

`problem_of` translates an exception, `response_for` renders it. The texts are ours: what an exception
says about itself never reaches a caller, since it may hold addresses, queries or credentials.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions as drf

from ..errors import Refused, TransientError, Unavailable
from ..observability import metrics, tracing
from .paths import ROOT, flatten
from .request_id import current

CONTENT_TYPE = "application/problem+json"
PROBLEM_REFERENCE = {"$ref": "#/components/schemas/Problem"}
"""Where the OpenAPI document describes a problem."""
TYPE_PREFIX = "urn:heimdall:problem:"
MOST_ERRORS = 100
"""Fields that one problem names."""
RETRY_AFTER = 5
"""Seconds after which a caller may try again when a dependency is down."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One error as a caller sees it. `errors` are pairs of path and message."""

    status: int
    slug: str
    title: str
    detail: str = ""
    errors: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, object] = field(default_factory=dict)
    """Members of one kind of problem only (extension members of RFC 9457)."""

    def members(self, *, instance: str, request_id: str) -> dict[str, object]:
        """The JSON object of RFC 9457 with our `request_id`, `trace_id` and `errors`."""
        body: dict[str, object] = {
            "type": TYPE_PREFIX + self.slug,
            "title": self.title,
            "status": self.status,
            "detail": self.detail or self.title,
            "instance": instance,
            "request_id": request_id,
            "trace_id": tracing.current_id(),
        }
        if self.errors:
            body["errors"] = [{"path": path, "message": message} for path, message in _bounded(self.errors)]
        return {**self.more, **body}


def _bounded(errors: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The first errors, and how many more there are: an answer is not as long as a hostile request."""
    more = len(errors) - MOST_ERRORS
    return (*errors[:MOST_ERRORS], (ROOT, f"And {more} more.")) if more > 0 else errors


_TEXTS: dict[int, tuple[str, str, str]] = {
    400: ("bad-request", "Bad request", "The request could not be understood."),
    401: ("not-authenticated", "Not authenticated", "Sign in, or send valid credentials."),
    403: ("forbidden", "Forbidden", "You may not do this."),
    404: ("not-found", "Not found", "There is nothing at this address."),
    405: ("method-not-allowed", "Method not allowed", "This address does not take that method."),
    406: ("not-acceptable", "Not acceptable", "Only application/json is spoken here."),
    411: ("length-required", "Length required", "Send a Content-Length; chunked bodies are not taken."),
    413: ("too-large", "Request body too large", "The request body is too large."),
    415: ("unsupported-media-type", "Unsupported media type", "Send application/json."),
    421: ("misdirected", "Misdirected request", "This address is served at another door."),
    429: ("too-many-requests", "Too many requests", "Slow down, and try again later."),
    500: ("internal", "Internal error", "Something went wrong on our side; the request id helps to find it."),
    503: ("unavailable", "Service unavailable", "A dependency is down; try again later."),
}


def problem_for_status(status: int, detail: str = "", *, headers: Mapping[str, str] | None = None) -> Problem:
    """The standard problem of an HTTP status."""
    if status in _TEXTS:
        slug, title, text = _TEXTS[status]
    else:
        title = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
        slug, text = title.lower().replace(" ", "-"), title
    return Problem(status=status, slug=slug, title=title, detail=detail or text, headers=headers or {})


def invalid(errors: Iterable[tuple[str, str]]) -> Problem:
    """400 with the path of each thing that is wrong."""
    return Problem(
        status=400,
        slug="invalid-request",
        title="Invalid request",
        detail="The request does not fit; see `errors`.",
        errors=tuple(errors),
    )


def problem_of(error: BaseException) -> Problem | None:
    """The problem that an exception stands for; None if it is a fault of ours (then: 500, logged)."""
    match error:
        case Refused():
            return _refused(error)
        case drf.APIException():
            return _from_framework(error)
        case ValidationError():
            return invalid(_validation(error))
        case TransientError():
            return _down(f"{error.dependency} is not available at the moment.")
        case OperationalError() | InterfaceError():
            return _down("The database is not available at the moment.")
        case DataError():
            return problem_for_status(400, "A value is out of the range that can be stored.")
        case RequestDataTooBig():
            return problem_for_status(413)
        case Http404():
            return problem_for_status(404)
        case PermissionDenied():
            return problem_for_status(403)
        case SuspiciousOperation() | BadRequest() | UnreadablePostError() | MultiPartParserError():
            return problem_for_status(400)
        case _:
            return None


def _refused(error: Refused) -> Problem:
    retry = error.retry_after if isinstance(error, Unavailable) else None
    return Problem(
        status=error.status,
        slug=error.slug,
        title=error.title,
        detail=error.detail,
        errors=tuple(error.errors.items()),
        headers={} if retry is None else {"Retry-After": str(retry)},
        more=error.more,
    )


def _from_framework(error: drf.APIException) -> Problem:
    if isinstance(error, drf.ValidationError):
        return invalid(flatten(error.detail))
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(max(1, round(wait)))
    detail = str(error.detail) if isinstance(error.detail, str) else ""
    if isinstance(error, drf.NotFound):
        detail = ""  # it names models
    return problem_for_status(error.status_code, detail, headers=headers)


def _validation(error: ValidationError) -> list[tuple[str, str]]:
    if hasattr(error, "error_dict"):
        return list(flatten(error.message_dict))
    return [("$", message) for message in error.messages]


def _down(detail: str) -> Problem:
    return problem_for_status(503, detail, headers={"Retry-After": str(RETRY_AFTER)})


def response_for(problem: Problem, request: HttpRequest) -> HttpResponse:
    """Render a problem for a request."""
    metrics.PROBLEMS.labels(problem.slug).inc()
    body = encode(problem, instance=request.path, request_id=current(request))
    return HttpResponse(body, status=problem.status, content_type=CONTENT_TYPE, headers=dict(problem.headers))


def encode(problem: Problem, *, instance: str, request_id: str) -> bytes:
    """The body. ASCII, so that a path with broken characters cannot break it."""
    return json.dumps(problem.members(instance=instance, request_id=request_id)).encode("ascii")
