"""A call of the model is a step of the job's trace, and takes the trace along."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from analysis.analyzer import Account, AnalysisInput, ModelAway
from analysis.budget.ledger import Reservation
from analysis.providers.openai import OpenAIAnalyzer, Options
from analysis.providers.openai.endpoint import Address, Endpoint
from heimdall_project.observability.tracing import traced
from tests.model_endpoint import ModelEndpoint
from tests.spans import Spans, spans

__all__ = ["spans"]

GIVEN = AnalysisInput(
    "INFO started\nERROR refused\nWARN giving up", "orders", "test", account=Account("u", "j")
)
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Paid:
    """A reservation that nobody counts."""

    def settle(self, prompt: int, completion: int) -> None:
        """Nothing."""


def reserve(account: Account, amount: int) -> Reservation:
    return Paid()


@pytest.fixture
def model() -> Iterator[ModelEndpoint]:
    with ModelEndpoint() as running:
        yield running


@pytest.fixture
def analyzer(model: ModelEndpoint) -> Iterator[OpenAIAnalyzer]:
    with Endpoint(Address(url=model.url, key="sk-secret", timeout=5.0), connections=1) as endpoint:
        yield OpenAIAnalyzer(Options(model="m"), endpoint, mask=str, reserve=reserve)


def call_in(spans: Spans) -> ReadableSpan:
    [call] = spans.named("model call")
    return call


def test_a_call_is_a_span_with_its_tokens_and_the_model_is_told_the_trace(
    analyzer: OpenAIAnalyzer, model: ModelEndpoint, spans: Spans
) -> None:
    with traced(CALLER, "rojo=1"):
        analyzer.analyze(GIVEN)
    call = call_in(spans)
    assert call.kind.name == "CLIENT" and call.context and call.attributes
    assert (
        call.attributes["gen_ai.usage.input_tokens"] and call.attributes["http.response.status_code"] == 200
    )
    headers = model.asked[0].headers
    assert headers["traceparent"] == f"{CALLER[:36]}{call.context.span_id:016x}-01"
    assert headers["tracestate"] == "rojo=1"
    assert "sk-secret" not in call.to_json() and "refused" not in call.to_json()


def test_a_call_that_fails_is_a_failed_span(
    analyzer: OpenAIAnalyzer, model: ModelEndpoint, spans: Spans
) -> None:
    model.will("500")
    with traced(CALLER), pytest.raises(ModelAway):
        analyzer.analyze(GIVEN)
    assert call_in(spans).status.status_code.name == "ERROR"


def test_where_nothing_is_recorded_the_model_is_told_the_callers_trace(
    analyzer: OpenAIAnalyzer, model: ModelEndpoint
) -> None:
    with traced(CALLER):
        analyzer.analyze(GIVEN)
    assert model.asked[0].headers["traceparent"] == CALLER
