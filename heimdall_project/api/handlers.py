"""Where errors of Django and of the REST framework become problems.

API paths always answer problem+json, in development mode too. Below `/admin/`, people with a browser get
a page.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from rest_framework.views import set_rollback

from ..observability.logging import get_logger
from .problems import CONTENT_TYPE, Problem, problem_for_status, problem_of, response_for

log = get_logger(__name__)
PAGES = ("/admin/", "/static/")
"""Where people with a browser are; everything else is the API."""
_KEPT = 400
NOT_FOUND = 404
_FAULT = "Something went wrong on our side. The error is logged with the id below."
_UNFIT = "What was sent does not fit. Nothing was changed; go back, reload and try again."
_ADVICE = {
    403: "Your account may not do this, or the page was open for too long: go back, reload and try again.",
    404: "There is nothing at this address.",
    405: "This address only takes what a form or a button of the admin sends. Go back, and press it there.",
    409: "It moved on meanwhile. Nothing was changed; go back and reload.",
    413: "That is more than is taken at once. Nothing was changed.",
    503: "A service that Heimdall needs is down. Nothing was changed; try again in a moment.",
}


def is_page(request: HttpRequest) -> bool:
    """Whether errors of this request are shown as pages."""
    return request.path.startswith(PAGES)


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """`EXCEPTION_HANDLER` of the REST framework. None passes the error on to `ProblemMiddleware`."""
    problem = problem_of(error)
    if problem is None:
        return None
    set_rollback()
    _note(error, problem)
    return response_for(problem, context["request"])


class ProblemMiddleware:
    """No error leaves an API path as anything but problem+json."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle one request."""
        early = nul_in_address(request) if is_page(request) else None
        response = _shown(early, request) if early else self.get_response(request)
        if response.status_code < _KEPT or _speaks_json(response):
            return response
        if is_page(request):
            return _paged(response, request)
        return _restated(response, request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """An exception of a view, before Django makes a page of it."""
        return None if is_page(request) else answer(error, request)


def answer(error: BaseException, request: HttpRequest) -> HttpResponse:
    """The response to an exception; what is a fault of ours is logged with its traceback."""
    problem = problem_of(error)
    if problem is None:
        log.error("A request failed unexpectedly", action="request_failed", exc_info=error)
        detail = f"{type(error).__name__}: {error}" if settings.DEBUG else ""
        return response_for(problem_for_status(500, detail), request)
    _note(error, problem)
    return response_for(problem, request)


def refused_early(request: HttpRequest) -> Problem | None:
    """What is refused by its envelope: a body that is too large or of unknown length, NUL in the address."""
    if nul := nul_in_address(request):
        return nul
    length = request.META.get("CONTENT_LENGTH", "")
    if not length and "HTTP_TRANSFER_ENCODING" in request.META:
        return problem_for_status(411)
    if length.isdecimal() and int(length) > settings.API_MAX_BODY_BYTES:
        return problem_for_status(413, f"A body may have {settings.API_MAX_BODY_BYTES} bytes at most.")
    return None


def nul_in_address(request: HttpRequest) -> Problem | None:
    """PostgreSQL has no text with a NUL, so that no address with one leads anywhere."""
    if "\0" not in request.path and "%00" not in request.META.get("QUERY_STRING", ""):
        return None
    values = request.GET.lists()
    named = [
        name.replace("\0", "\\0") for name, texts in values if any("\0" in text for text in (name, *texts))
    ]
    errors = tuple((name, "It holds a NUL character.") for name in named)
    return replace(problem_for_status(400, "The address holds a NUL character."), errors=errors)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler400`."""
    return _shown(problem_of(exception) or problem_for_status(400), request)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler403`."""
    return _shown(problem_for_status(403), request)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """`handler404`."""
    return _shown(problem_for_status(404), request)


def server_error(request: HttpRequest) -> HttpResponse:
    """`handler500`: called while the exception is handled, so a database that is down can be told apart."""
    error = sys.exc_info()[1]
    return _shown((problem_of(error) if error else None) or problem_for_status(500), request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """`CSRF_FAILURE_VIEW`."""
    return _shown(problem_for_status(403, "The CSRF check failed; reload the page and try again."), request)


def _paged(response: HttpResponseBase, request: HttpRequest) -> HttpResponseBase:
    """A page instead of what Django shows in development mode, which helps nobody, or of nothing at all."""
    if response.status_code == NOT_FOUND:
        return not_found(request)
    if not isinstance(response, HttpResponse) or response.content:
        return response
    shown = _shown(problem_for_status(response.status_code), request)
    for name in response.headers.keys() & {"Allow", "Retry-After"}:
        shown.headers[name] = response.headers[name]
    return shown


def _shown(problem: Problem, request: HttpRequest) -> HttpResponse:
    if not is_page(request):
        return response_for(problem, request)
    advice = _ADVICE.get(problem.status, _FAULT if problem.status >= HTTP_FAULT else _UNFIT)
    facts = {"problem": problem, "advice": advice, "request_id": getattr(request, "request_id", "")}
    page = render_to_string("errors/page.html", facts)
    return HttpResponse(page, status=problem.status, headers=dict(problem.headers))


def _note(error: BaseException, problem: Problem) -> None:
    """A dependency that is down is worth a line; what a caller did wrong is in the access log."""
    if problem.status >= HTTP_FAULT:
        log.warning(
            "A dependency failed", action="dependency_failed", error=type(error).__name__, exc_info=error
        )


HTTP_FAULT = 500


def _speaks_json(response: HttpResponseBase) -> bool:
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    return kind in {CONTENT_TYPE, "application/json"}


def _restated(response: HttpResponseBase, request: HttpRequest) -> HttpResponse:
    """A page of Django's (in development mode, or of a middleware) as a problem; its headers are kept."""
    restated = response_for(problem_for_status(response.status_code), request)
    for name, value in response.headers.items():
        if name not in {"Content-Type", "Content-Length", "ETag", "Last-Modified"}:
            restated.headers[name] = value
    restated.cookies.update(response.cookies)
    if response.streaming:  # closing says that the request is over, which it is not
        response.close()
    return restated
