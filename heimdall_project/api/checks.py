"""System checks about what faces the network. `heimdall.E…` stops the start, `heimdall.W…` is said once."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

LEAST_KEY_LENGTH = 40


@register(Tags.security)
def front_door(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Keys, hosts and origins."""
    return [*_keys(), *_hosts(), *_origins(), *_required_names(), *_collector(), *_bodies()]


def _keys() -> Iterator[CheckMessage]:
    try:
        key = settings.SECRET_KEY
    except ImproperlyConfigured:
        key = ""
    if not key:
        yield Error(
            "SECRET_KEY is missing.",
            hint="Set SECRET_KEY (or SECRET_KEY_FILE) to 50 random characters, or DEBUG=true to develop.",
            id="heimdall.E001",
        )
    elif not settings.DEBUG and (len(key) < LEAST_KEY_LENGTH or len(set(key)) < 10):
        yield Error(
            "SECRET_KEY is too easy to guess: whoever has it can sign in as anybody.",
            hint='python -c "import secrets; print(secrets.token_urlsafe(50))" makes a good one.',
            id="heimdall.E002",
        )


def _hosts() -> Iterator[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS and not settings.DEBUG:
        yield Error(
            "ALLOWED_HOSTS holds '*': links and redirects could be made to lead to any host.",
            hint="Name the hosts that this installation is reached by.",
            id="heimdall.E003",
        )
    if not settings.ALLOWED_HOSTS:
        yield Error(
            "ALLOWED_HOSTS is empty: every request would be refused.",
            hint="Name the hosts that this installation is reached by.",
            id="heimdall.E004",
        )


def _origins() -> Iterator[CheckMessage]:
    if settings.STREAM_URL and not is_origin(settings.STREAM_URL):
        yield Error(
            f"STREAM_URL is not an origin: {settings.STREAM_URL!r}.",
            hint="Write scheme, host and port without a path, such as http://127.0.0.1:8001.",
            id="heimdall.E005",
        )
    if not settings.DEBUG and settings.SESSION_COOKIE_SECURE:
        for origin in settings.CORS_ALLOWED_ORIGINS:
            if origin.startswith("http://"):
                yield CheckWarning(
                    f"CORS_ALLOWED_ORIGINS trusts {origin}, whose pages can be changed on their way.",
                    hint="Use https origins.",
                    id="heimdall.W001",
                )


def _required_names() -> Iterator[CheckMessage]:
    known = {"postgresql", "kafka", "redis", "workers", "outbox"}
    if unknown := sorted(set(settings.READY_REQUIRES) - known):
        yield Error(
            f"READY_REQUIRES names what there is not: {', '.join(unknown)}.",
            hint=f"There are: {', '.join(sorted(known))}.",
            id="heimdall.E006",
        )


def _collector() -> Iterator[CheckMessage]:
    address = settings.OTEL_EXPORTER_OTLP_ENDPOINT
    if address and not address.startswith(("http://", "https://")):
        yield CheckWarning(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is no address of a collector: {address!r}. No trace would arrive.",
            hint="Write scheme, host and port, such as http://collector:4318.",
            id="heimdall.W002",
        )


def _bodies() -> Iterator[CheckMessage]:
    if settings.API_BODY_SECONDS >= settings.WORKER_STOP_GRACE:
        yield Error(
            f"API_BODY_SECONDS ({settings.API_BODY_SECONDS} s) is not below WORKER_STOP_GRACE "
            f"({settings.WORKER_STOP_GRACE} s): a web door that stops would be killed while a body arrives.",
            hint="Lower the first or raise the second, and stop_grace_period with it.",
            id="heimdall.E007",
        )


def is_origin(url: str) -> bool:
    """Whether a URL is scheme, host and port alone."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises ValueError for a port that is none
    except ValueError:
        return False
    bare = not (parts.path or parts.query or parts.fragment or parts.username)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and bare
