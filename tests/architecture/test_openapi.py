"""The OpenAPI document is made without a warning, is valid, and tells every problem."""

from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from rest_framework.permissions import AllowAny

METHODS = {"get", "post", "put", "patch", "delete"}
OPEN = {"SpectacularAPIView", "SpectacularSwaggerView"}
"""Views of the API that need no account."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document as it is served."""
    generated: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return generated


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every operation by its name."""
    return [
        (f"{method} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def test_the_document_is_valid_and_made_without_a_warning(document: dict[str, Any]) -> None:
    validate_schema(document)
    assert not GENERATOR_STATS._warn_cache and not GENERATOR_STATS._error_cache


def test_every_operation_tells_its_problems(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        told = {
            s for s, r in operation["responses"].items() if "application/problem+json" in r.get("content", {})
        }
        assert {"401", "403", "500", "503"} <= told, name
        assert "requestBody" not in operation or {"400", "413", "415"} <= told, name


def test_every_operation_says_what_it_is_for(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert operation.get("summary") or operation.get("description"), name


def views(resolver: URLResolver) -> list[Any]:
    """All views of the REST framework."""
    found = []
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            found.append(getattr(pattern.callback, "cls", None))
        else:
            found += views(pattern)
    return [view for view in found if view is not None]


def test_every_view_of_the_api_asks_who_calls() -> None:
    public = [
        view.__name__
        for view in views(get_resolver())
        if not view.permission_classes or AllowAny in view.permission_classes
    ]
    assert set(public) == OPEN
