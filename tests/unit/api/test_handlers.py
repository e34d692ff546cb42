"""No error leaves an API path as anything but problem+json, in development mode neither."""

import json
from collections.abc import Iterator
from io import BytesIO
from types import ModuleType
from typing import Any

import pytest
from django.contrib import admin
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.views.decorators.csrf import csrf_protect
from pytest_django import Settings
from rest_framework import serializers
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from heimdall_project import urls as ours
from heimdall_project.api.serializers import StrictSerializer

RAISED: dict[str, type[Exception]] = {
    "fault": RuntimeError,
    "down": OperationalError,
    "missing": Http404,
    "denied": PermissionDenied,
    "odd": SuspiciousOperation,
}


def raising(request: HttpRequest, kind: str) -> HttpResponse:
    """A view that fails."""
    raise RAISED[kind]("postgres://heimdall:hunter2@db/heimdall")


@csrf_protect
def form(request: HttpRequest) -> HttpResponse:
    """A view that wants a CSRF token."""
    return HttpResponse("ok")


class Item(StrictSerializer):
    """A request body."""

    name = serializers.CharField(max_length=5)


@api_view(["POST"])
@authentication_classes([])
@permission_classes([])
def create(request: Request) -> Response:
    """An endpoint of the REST framework."""
    body: object = request.data
    if body == "fault":
        raise RuntimeError("hunter2")
    item = Item(data=request.data)
    item.is_valid(raise_exception=True)
    return Response(item.validated_data, status=201)


@pytest.fixture
def api() -> Iterator[Client]:
    """A client of an installation with the views above."""
    module = ModuleType("urls_of_this_test")
    module.urlpatterns = [  # type: ignore[attr-defined]
        path("api/v1/raise/<kind>", raising),
        path("api/v1/form", form),
        path("api/v1/items", create),
        path("admin/raise/<kind>", raising),
        path("admin/", admin.site.urls),
    ]
    for name in ("handler400", "handler403", "handler404", "handler500"):
        setattr(module, name, getattr(ours, name))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.ROOT_URLCONF", module)
        from django.urls import clear_url_caches

        clear_url_caches()
        yield Client(raise_request_exception=False, enforce_csrf_checks=True)
        clear_url_caches()


def problem(response: Any) -> tuple[int, str]:
    """Status and kind of a problem, after looking that it is a whole one."""
    assert response.headers["Content-Type"] == "application/problem+json"
    body = json.loads(response.content)
    assert body["status"] == response.status_code
    assert body["request_id"] == response.headers["X-Request-Id"]
    assert "hunter2" not in response.content.decode()
    return body["status"], body["type"].removeprefix("urn:heimdall:problem:")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("fault", (500, "internal")),
        ("down", (503, "unavailable")),
        ("missing", (404, "not-found")),
        ("denied", (403, "forbidden")),
        ("odd", (400, "bad-request")),
    ],
)
def test_an_exception_of_a_view_is_a_problem_without_its_text(
    api: Client, kind: str, expected: tuple[int, str]
) -> None:
    assert problem(api.get(f"/api/v1/raise/{kind}")) == expected


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("address", ["/nowhere", "/api/v1/nowhere", "/api/v1/raise/a/b", "/%ff%fe"])
def test_an_address_that_does_not_exist_is_a_problem(
    api: Client, settings: Settings, address: str, debug: bool
) -> None:
    settings.DEBUG = debug
    assert problem(api.get(address)) == (404, "not-found")


def test_in_development_mode_a_fault_says_what_it_is(api: Client, settings: Settings) -> None:
    settings.DEBUG = True
    response = api.get("/api/v1/raise/fault")
    assert response.status_code == 500
    assert json.loads(response.content)["detail"].startswith("RuntimeError: ")


def test_a_foreign_host_a_missing_token_and_a_nul_are_problems(api: Client) -> None:
    assert problem(api.get("/api/v1/form", headers={"host": "evil.example"}))[0] == 400
    assert problem(api.post("/api/v1/form")) == (403, "forbidden")
    assert problem(api.get("/api/v1/form?q=a%00b")) == (400, "bad-request")


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (b"{", "application/json", (400, "bad-request")),
        (b"\xff", "application/json", (400, "bad-request")),
        (b'{"name": "a\\u0000"}', "application/json", (400, "bad-request")),
        (b'{"name": "far too long", "nmae": 1}', "application/json", (400, "invalid-request")),
        (b"name=a", "application/x-www-form-urlencoded", (415, "unsupported-media-type")),
        (b'"fault"', "application/json", (500, "internal")),
    ],
)
def test_a_body_that_does_not_fit_is_a_problem(
    api: Client, body: bytes, kind: str, expected: tuple[int, str]
) -> None:
    assert problem(api.post("/api/v1/items", body, content_type=kind)) == expected


def test_unknown_fields_are_listed_beside_all_other_errors(api: Client) -> None:
    response = api.post(
        "/api/v1/items", b'{"name": "far too long", "nmae": 1}', content_type="application/json"
    )
    paths = [error["path"] for error in json.loads(response.content)["errors"]]
    assert paths == ["name", "nmae"]


def test_a_body_that_is_too_large_or_of_unknown_length_is_refused_by_its_envelope(
    api: Client, settings: Settings
) -> None:
    settings.API_MAX_BODY_BYTES = 5
    assert problem(api.post("/api/v1/items", b'{"name": 1}', content_type="application/json"))[0] == 413
    body: Any = {"wsgi.input": BytesIO(b"of any length")}
    chunked = api.generic("POST", "/api/v1/items", b"", headers={"transfer-encoding": "chunked"}, **body)
    assert problem(chunked) == (411, "length-required")


def test_a_method_that_is_not_taken_names_those_that_are(api: Client) -> None:
    response = api.put("/api/v1/items", b"{}", content_type="application/json")
    assert problem(response)[0] == 405
    assert "POST" in response.headers["Allow"]


@pytest.mark.parametrize(
    ("kind", "status"), [("fault", 500), ("down", 503), ("missing", 404), ("denied", 403)]
)
def test_below_the_admin_people_get_a_page_with_the_request_id(api: Client, kind: str, status: int) -> None:
    response = api.get(f"/admin/raise/{kind}")
    assert (response.status_code, response.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert response.headers["X-Request-Id"] in response.content.decode()
    assert b"hunter2" not in response.content
