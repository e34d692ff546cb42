"""Every address of the web door. Event streams have a door of their own: see `asgi.py`."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from . import health
from .api import handlers
from .api.misdirected import stream_is_elsewhere

PRODUCTS = ("jobs", "ingestion", "analysis", "catalog", "dlq_admin")
SHORT = ("ingestion",)
"""Products whose addresses also answer without the API's root; the OpenAPI document leaves those out."""

admin.site.site_header = admin.site.site_title = "Heimdall"
admin.site.index_title = "Overview"


def _of_products(names: tuple[str, ...] = PRODUCTS) -> list[URLPattern | URLResolver]:
    """Each product's addresses below the API's root; a product without `urls` has none."""
    return [path("", include(f"{name}.urls")) for name in names if find_spec(f"{name}.urls")]


urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(url="/admin/")),
    path("favicon.ico", RedirectView.as_view(url="/static/heimdall/favicon.svg")),
    path("admin/", admin.site.urls),
    re_path(r"^api/v1/?$", RedirectView.as_view(url="/api/v1/docs")),
    re_path(r"^api/v1/schema/?$", SpectacularAPIView.as_view(), name="schema"),
    re_path(r"^api/v1/docs/?$", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("api/v1/", include(_of_products())),
    path("", include((_of_products(SHORT), "short"))),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    re_path(r"^stream/", stream_is_elsewhere, name="stream"),
]

handler400 = handlers.bad_request
handler403 = handlers.permission_denied
handler404 = handlers.not_found
handler500 = handlers.server_error

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
