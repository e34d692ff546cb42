"""Settings of the analysis that must fit each other."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

from .providers import OPENAI, longest_try
from .providers.openai.endpoint import Address

LOCAL = {"localhost", "127.0.0.1", "::1"}


@register()
def model(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """What the provider `openai` needs, and times and amounts against each other."""
    if settings.ANALYSIS_PROVIDER != OPENAI:
        return []
    return [*_endpoint(), *_times(), *_amounts()]


@register(deploy=True)
def production(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """What is fine on a laptop only."""
    found: list[CheckMessage] = []
    if settings.ANALYSIS_FALLBACK:
        found.append(
            Error(
                "ANALYSIS_FALLBACK is on: where the model is away, rules answer in its place.",
                hint="Switch it off in production: failed jobs can be sent again when the model is back.",
                id="analysis.E001",
            )
        )
    url = urlsplit(settings.MODEL_URL)
    remote = url.scheme == "http" and url.hostname not in LOCAL
    if settings.ANALYSIS_PROVIDER == OPENAI and remote and settings.MODEL_API_KEY:
        found.append(
            CheckWarning(
                "MODEL_API_KEY goes to MODEL_URL in clear text, and the logs too.",
                hint="Use https, unless the network between is your own.",
                id="analysis.W001",
            )
        )
    return found


def _endpoint() -> Iterator[CheckMessage]:
    if flaw := Address.flaw(settings.MODEL_URL):
        yield Error(
            f"MODEL_URL {flaw}",
            hint="ANALYSIS_PROVIDER=openai needs one up to its version, such as http://127.0.0.1:11434/v1.",
            id="analysis.E002",
        )
    else:
        try:
            Address(url=settings.MODEL_URL, key=settings.MODEL_API_KEY)
        except ImproperlyConfigured as error:
            yield Error(
                str(error), hint="Look for blanks, line ends or quotes around it.", id="analysis.E003"
            )
    if not settings.MODEL_NAME:
        yield Error(
            "MODEL_NAME is not set.",
            hint="Name the model as the endpoint does; GET MODEL_URL/models lists them.",
            id="analysis.E004",
        )


def _times() -> Iterator[CheckMessage]:
    if (longest := longest_try()) >= settings.KAFKA_MAX_POLL_INTERVAL:
        yield Error(
            f"MODEL_TIMEOUT ({settings.MODEL_TIMEOUT:g} s): one try with its calls may take {longest:g} s, "
            f"not below KAFKA_MAX_POLL_INTERVAL ({settings.KAFKA_MAX_POLL_INTERVAL:g} s).",
            hint=f"Raise KAFKA_MAX_POLL_INTERVAL above {longest:g}, or lower MODEL_TIMEOUT.",
            id="analysis.E005",
        )
    if settings.MODEL_DEADLINE < settings.MODEL_TIMEOUT:
        yield Error(
            f"MODEL_DEADLINE ({settings.MODEL_DEADLINE:g} s) is below MODEL_TIMEOUT "
            f"({settings.MODEL_TIMEOUT:g} s): one slow call would use it up.",
            hint="Keep it at several calls and the time in which an endpoint restarts.",
            id="analysis.E006",
        )


def _amounts() -> Iterator[CheckMessage]:
    least = settings.MODEL_MAX_TOKENS + settings.MODEL_MAX_INPUT_TOKENS
    for name in ("MODEL_TOKENS_PER_JOB", "MODEL_TOKENS_PER_CLIENT_PER_DAY"):
        limit = getattr(settings, name)
        if 0 < limit <= settings.MODEL_MAX_TOKENS:
            yield Error(
                f"{name} ({limit}) does not allow one answer of MODEL_MAX_TOKENS "
                f"({settings.MODEL_MAX_TOKENS}): every call would be refused.",
                hint="Raise the first or lower the second.",
                id="analysis.E007",
            )
        elif 0 < limit < least:
            yield CheckWarning(
                f"{name} ({limit}) is below MODEL_MAX_INPUT_TOKENS + MODEL_MAX_TOKENS ({least}): a long log "
                "is refused.",
                hint="Lower MODEL_MAX_INPUT_TOKENS, so that less of a long log is shown.",
                id="analysis.W002",
            )
