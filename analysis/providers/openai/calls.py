"""One call: asked whether it is wanted, let through by the hold, paid for, made, settled, and counted."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django.conf import settings

from heimdall_project.observability import metrics, tracing
from heimdall_project.observability.logging import get_logger

from ...analyzer import Account, GivenUp, Wanted
from ...budget.counting import estimate
from ...budget.ledger import Reservation, Reserve
from .endpoint import Endpoint
from .faults import Away, ContextTooLong, Rejected, TimedOut, Unusable
from .hold import Hold
from .replies import Completion, completion_of

log = get_logger(__name__)


class Caller:
    """Makes calls of one endpoint. Thread-safe."""

    def __init__(self, endpoint: Endpoint, *, reserve: Reserve, hold: Hold | None = None) -> None:
        self._endpoint = endpoint
        self._reserve = reserve
        self._hold = hold or Hold(patience=settings.MODEL_DEADLINE)

    def call(self, body: bytes, *, account: Account, prompt: int, answer: int, wanted: Wanted) -> Completion:
        """One completion; `prompt` and `answer` say how many tokens it may use at most.

        Raises Away, TimedOut, ContextTooLong, Rejected, Unusable; Refused where a budget is used up,
        TransientError where other calls hold the rest of it; and GivenUp.
        """
        wanted()
        ticket = self._hold.enter()
        try:
            with self._paid(account, prompt, answer) as paid:
                completion = self._made(body, wanted)
                paid.settle(*_used(completion, prompt))
            self._hold.passed(ticket)
            return completion
        except Away as error:
            self._hold.failed(ticket, error)
            _tell(error)
            raise
        except (ContextTooLong, Rejected) as error:
            self._hold.passed(ticket)
            if isinstance(error, Rejected):
                log.error("The endpoint refuses a request", action="model_rejected", said=error.said)
            raise
        finally:
            self._hold.left(ticket)

    @contextmanager
    def _paid(self, account: Account, prompt: int, answer: int) -> Iterator[Reservation]:
        """Reserve before the call; where it fails, settle what it may have used."""
        paid = self._reserve(account, prompt + answer)
        try:
            yield paid
        except (Away, ContextTooLong, Rejected):
            paid.settle(0, 0)
            raise
        except (TimedOut, GivenUp, Unusable):  # it may have been working until then: nobody will tell
            paid.settle(prompt, answer)
            raise

    def _made(self, body: bytes, wanted: Wanted) -> Completion:
        began, outcome = time.perf_counter(), "broken"
        try:
            with tracing.span("model call", kind=tracing.CLIENT, **SPAN) as step:
                reply = self._endpoint.post(body, wanted, tracing.carried())
                step.note(**{"http.response.status_code": reply.status})
                completion = completion_of(reply, datetime.now(UTC))
                step.note(**_told_usage(completion))
            outcome = "answered"
            return completion
        except (Away, TimedOut, ContextTooLong, Rejected, Unusable, GivenUp) as error:
            outcome = OUTCOMES.get(type(error), outcome)
            raise
        finally:
            seconds = time.perf_counter() - began
            metrics.MODEL_CALLS.labels(outcome).inc()
            metrics.MODEL_SECONDS.labels(outcome).observe(seconds)
            log.info(
                "The model was called", action="model_called", outcome=outcome, seconds=round(seconds, 3)
            )


OUTCOMES: dict[type[Exception], str] = {
    Away: "away",
    TimedOut: "timed_out",
    ContextTooLong: "context_too_long",
    Rejected: "rejected",
    Unusable: "unusable",
    GivenUp: "given_up",
}


SPAN = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"}


def _told_usage(completion: Completion) -> dict[str, tracing.Value]:
    if not completion.usage:
        return {}
    return {
        "gen_ai.usage.input_tokens": completion.usage.prompt_tokens,
        "gen_ai.usage.output_tokens": completion.usage.completion_tokens,
    }


def _used(completion: Completion, prompt: int) -> tuple[int, int]:
    """What the endpoint counted; our estimate where it does not count."""
    if completion.usage:
        return completion.usage.prompt_tokens, completion.usage.completion_tokens
    return prompt, estimate(completion.text)


def _tell(error: Away) -> None:
    """An operator must hear of what only an operator can repair."""
    if error.setting:
        log.error(
            "The model's endpoint is away", action="model_away", setting=error.setting, reason=str(error)
        )
    else:
        log.warning("The model's endpoint is away", action="model_away", reason=str(error), wait=error.wait)
