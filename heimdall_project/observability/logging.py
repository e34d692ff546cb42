"""Structured logs: one event a line, for machines (json) or people (console).

Every line of our own has a sentence for people and a stable `action` for machines:
`log.info("Consumer paused", action="consumer_paused", worker=name)`. Lines of Django and of libraries go
the same way. What is bound with `bind` or `bound` is on every line of the same thread or task: worker,
topic, partition, offset, request_id, correlation_id, trace_id. Names: docs/settings.md, "Observability".
"""

import logging.config
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from functools import lru_cache
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars, clear_contextvars, get_contextvars
from structlog.stdlib import BoundLogger, ProcessorFormatter
from structlog.types import Processor

bind = bind_contextvars
"""Put values on every further line of this thread or task."""
bound = bound_contextvars
"""The same for a `with` block or a decorated function."""
unbind_all = clear_contextvars
"""Take all of them off again."""
context = get_contextvars
"""What is bound now."""

_identity: dict[str, Any] = {}


def identify(**values: Any) -> None:
    """Put values on every further line of this process, whatever its thread: a worker's name."""
    _identity.update(values)


HIDDEN = "***"
_SECRET_KEY = re.compile(
    r"passw(or)?d|passphrase|secret|token|authorization|cookie|api_?key|credential|private_?key|\bdsn\b", re.I
)
_URL_PASSWORD = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]{0,30}://)[^\s/@:]*:[^\s/@]+@", re.I)
_DSN_PASSWORD = re.compile(
    r"(?P<name>\b(?:password|passwd|pwd|sasl\.password)\s*[=:]\s*)(?:'[^']*'|\S+)", re.I
)
_BEARER = re.compile(r"(?P<kind>\b(?:bearer|basic)\s+)[A-Za-z0-9+/=._~-]{8,}", re.I)


def get_logger(name: str) -> BoundLogger:
    """A logger; `name` is the module's `__name__`."""
    logger: BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def scrub_text(text: str) -> str:
    """`text` without passwords in URLs and DSNs, and without bearer tokens.

    The patterns are only tried on texts that hold a character that each of them needs: most texts of a line
    hold none, and three patterns a text were half of what a line cost.
    """
    if "@" in text:
        text = _URL_PASSWORD.sub(rf"\g<scheme>{HIDDEN}@", text)
    if "=" in text or ":" in text:
        text = _DSN_PASSWORD.sub(rf"\g<name>{HIDDEN}", text)
    if not text.isascii() or " " in text or not text.isprintable():  # any blank
        text = _BEARER.sub(rf"\g<kind>{HIDDEN}", text)
    return text


@lru_cache(maxsize=1000)
def _is_secret(key: str) -> bool:
    return _SECRET_KEY.search(key) is not None


def scrub(value: Any, key: str = "") -> Any:
    """A value as it may be logged: secrets by name of their key, and inside of texts, are hidden."""
    if key and _is_secret(key) and value not in (None, ""):
        return HIDDEN
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, Mapping):
        return {name: scrub(each, str(name)) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [scrub(each) for each in value]
    return value


def _scrub_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if not key.startswith("_"):
            event[key] = scrub(value, key)
    return event


def _add_identity(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in _identity.items():
        event.setdefault(key, value)
    return event


def _worker_first(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """For people: who speaks stands before what is said."""
    if worker := event.pop("worker", ""):
        event["event"] = f"{worker:<15} {event['event']}"
    return event


_SHARED: Sequence[Processor] = (
    structlog.contextvars.merge_contextvars,
    _add_identity,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
)


def _renderers(style: str) -> list[Processor]:
    if style == "console":
        return [
            _scrub_event,
            _worker_first,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    return [
        structlog.processors.format_exc_info,
        _scrub_event,
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(default=_as_text, ensure_ascii=False),
    ]


def _as_text(value: object) -> str:
    return str(value)


def configure(options: Mapping[str, str]) -> None:
    """Set up logging for this process; `LOGGING_CONFIG` of the settings. Options: level, format."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(_standard(options["level"], options["format"]))


def _standard(level: str, style: str) -> dict[str, Any]:
    formatter: Callable[[], logging.Formatter] = lambda: ProcessorFormatter(  # noqa: E731 - dictConfig calls it
        foreign_pre_chain=[*_SHARED, structlog.stdlib.ExtraAdder()],
        processors=[ProcessorFormatter.remove_processors_meta, *_renderers(style)],
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"structured": {"()": formatter}},
        "filters": {"seldom": {"()": "heimdall_project.observability.seldom.Seldom", "seconds": 60.0}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # The access log says what a request came to; these would say it again.
            "django.request": {"level": "ERROR", "handlers": [], "propagate": True},
            "django.server": {"level": "WARNING", "handlers": [], "propagate": True},
            "django": {"level": level, "handlers": [], "propagate": True},
            "asyncio": {"level": "WARNING"},
            # It says of each try that the collector is away.
            "opentelemetry.exporter.otlp.proto.http.trace_exporter": {"filters": ["seldom"]},
        },
    }
