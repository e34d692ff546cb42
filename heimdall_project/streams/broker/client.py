"""What every client shares: settings, a log that is told once, a count of clients for the supervisor."""

import logging
from typing import Any

from django.conf import settings

from ...observability.seldom import Seldom

_clients_built = 0
kafka_log = logging.getLogger("heimdall.kafka")
# Said again by every gapless producer; what it warns of is answered in `producing` and in ADR 0002.
kafka_log.addFilter(lambda record: "enable.gapless.guarantee is experimental" not in record.getMessage())
kafka_log.addFilter(Seldom())  # the client tells of a broker that is away twenty times a second


def clients_built() -> int:
    """How many clients this process has built; a supervisor refuses to fork unless it is 0."""
    return _clients_built


def client_config(**more: Any) -> dict[str, Any]:
    """Settings of every client, for one that is built now."""
    global _clients_built
    _clients_built += 1
    extra = dict(item.split("=", 1) for item in settings.KAFKA_SECURITY)
    return {
        "bootstrap.servers": settings.KAFKA_BOOTSTRAP_SERVERS,
        "client.id": "heimdall",
        "allow.auto.create.topics": False,
        "topic.metadata.propagation.max.ms": 5000,
        "reconnect.backoff.max.ms": 2000,
        "logger": kafka_log,
        **more,
        **extra,
    }
