"""System checks about what the clients are given. `clients.E…` stops the start."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from . import clickhouse


@register()
def addresses(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """An address that cannot be one."""
    try:
        clickhouse.parse_url(settings.CLICKHOUSE_URL)
    except ValueError as error:
        return [
            Error(
                f"CLICKHOUSE_URL is not an address: {error}.",  # its text may hold the password
                hint="Write http://user:password@host:8123/database, or https with port 8443.",
                id="clients.E001",
            )
        ]
    return []
