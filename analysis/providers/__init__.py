"""Engines that implement the `Analyzer` protocol, and the one that the settings choose."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from ..analyzer import Analyzer
from ..budget.ledger import Ledger, Limits
from ..cache import cached
from ..masking.outgoing import mask_outgoing
from .openai import OpenAIAnalyzer, Options
from .openai.endpoint import Address, Endpoint
from .rule_based import RuleBasedAnalyzer

OPENAI = "openai"
CALLS = 3
"""Calls of a model in one try at most."""
ORDINARY, BESIDE_CALLS = 120.0, 30.0
"""Seconds for a try that calls nobody, and for all that is not a call."""


def longest_try() -> float:
    """Seconds that one try may take: it may wait for an equal question, and then ask its own."""
    if settings.ANALYSIS_PROVIDER != OPENAI:
        return ORDINARY
    return max(ORDINARY, 2 * CALLS * settings.MODEL_TIMEOUT + BESIDE_CALLS)


@contextmanager
def opened() -> Iterator[Analyzer]:
    """The analyzer of ANALYSIS_PROVIDER behind its cache, with what it holds open. For a worker's process."""
    if settings.ANALYSIS_PROVIDER != OPENAI:
        with cached(RuleBasedAnalyzer()) as analyzer:
            yield analyzer
        return
    address = Address(url=settings.MODEL_URL, key=settings.MODEL_API_KEY, timeout=settings.MODEL_TIMEOUT)
    limits = Limits(
        job=settings.MODEL_TOKENS_PER_JOB,
        client_day=settings.MODEL_TOKENS_PER_CLIENT_PER_DAY,
        lifetime=2 * settings.MODEL_TIMEOUT + 30,
    )
    options = Options(
        model=settings.MODEL_NAME,
        max_tokens=settings.MODEL_MAX_TOKENS,
        max_input_tokens=settings.MODEL_MAX_INPUT_TOKENS,
        temperature=settings.MODEL_TEMPERATURE,
        schema=settings.MODEL_JSON_SCHEMA,
    )
    with Endpoint(address, connections=settings.ANALYSIS_CONCURRENCY) as endpoint:
        model = OpenAIAnalyzer(options, endpoint, mask=mask_outgoing, reserve=Ledger(limits).reserve)
        with cached(model) as analyzer:
            yield analyzer
