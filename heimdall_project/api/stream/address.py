"""Where a page finds the stream door."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from .routes import PREFIX

_LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}


def public_url(request: HttpRequest, route: str = "") -> str:
    """The address of a stream for a page that this request asks for.

    Relative behind one origin. With two local ports it keeps the host name by which the page itself was
    asked for, since cookies go to that name only.
    """
    if not settings.STREAM_URL:
        return f"{PREFIX}{route}"
    parts = urlsplit(settings.STREAM_URL)
    name = (
        request.get_host().rsplit(":", 1)[0] if not request.get_host().endswith("]") else request.get_host()
    )
    if parts.hostname in _LOOPBACK and name in _LOOPBACK:
        return f"{parts.scheme}://{name}:{parts.port or 80}{PREFIX}{route}"
    return f"{parts.scheme}://{parts.netloc}{PREFIX}{route}"


def _without_port(host: str) -> str:
    return host if host.endswith("]") else host.rsplit(":", 1)[0]
