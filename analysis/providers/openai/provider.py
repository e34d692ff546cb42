"""The analyzer that asks a model: one question, and once more if the answer cannot be used."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from heimdall_project.events.jobs import FailureClass

from ... import prompts
from ...analyzer import (
    Account,
    Analysis,
    AnalysisInput,
    Flawed,
    Language,
    Wanted,
    always,
    numbered_lines,
)
from ...budget.counting import Correction, estimate
from ...budget.ledger import Reserve
from ...prompts import Message
from . import drafts
from .calls import Caller
from .endpoint import Endpoint
from .faults import ContextTooLong, Rejected, TimedOut, Unusable
from .inquiry import Inquiry
from .replies import Completion

MOST_CALLS = 3
"""The question, once more with half of the log where the model cannot take in all, and one repair."""
CUT = {
    Language.EN: "The log was too long for the model: {shown} of {total} lines were shown to it.",
    Language.KO: "로그가 길어 전체 {total}줄 중 {shown}줄만 모델에 전달되었습니다.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What is asked for with each call."""

    model: str
    max_tokens: int = 2048
    max_input_tokens: int = 6000
    temperature: float = 0.7
    schema: str = "on"
    """on (json_schema), object (json_object), off (in words only)."""


class OpenAIAnalyzer:
    """Explains a log by a model. Safe to share among threads; nothing it says is carried out."""

    engine = "openai"

    def __init__(
        self, options: Options, endpoint: Endpoint, *, mask: Callable[[str], str], reserve: Reserve
    ) -> None:
        self._options = options
        self._mask = mask
        self._caller = Caller(endpoint, reserve=reserve)
        self._correction = Correction()

    @property
    def engine_version(self) -> str:
        """The model, the version of the prompt, and a digest of all else that changes answers."""
        rest = hashlib.sha256(repr(replace(self._options, model="")).encode()).hexdigest()[:6]
        return f"{self._options.model[:120]}+p{prompts.VERSION}.{rest}"

    def analyze(self, given: AnalysisInput, wanted: Wanted = always) -> Analysis:
        """Ask the model; see `Analyzer` for what is raised."""
        inquiry = Inquiry(given, self._mask, self._options.max_input_tokens)
        lines = numbered_lines(given.log_content)
        for _ in range(MOST_CALLS):
            try:
                completion = self._ask(inquiry.messages(), given.account, wanted)
                inquiry.used.append(completion.usage)
                answer = drafts.checked(
                    completion, lines=lines, citable=inquiry.shown.numbers, language=given.language
                )
            except ContextTooLong as error:
                inquiry.halve(error)
            except Unusable as error:
                inquiry.repair(error)
            else:
                return self._analysis(answer, given, inquiry)
        raise RuntimeError("an inquiry neither ended nor gave up")

    def _ask(self, messages: Sequence[Message], account: Account, wanted: Wanted) -> Completion:
        """One call, in the words of `Analyzer` where it is not for us to try again here."""
        estimated = sum(estimate(message["content"]) + 8 for message in messages)
        try:
            completion = self._caller.call(
                msgspec.json.encode(self._body(messages)),
                account=account,
                prompt=self._correction(estimated),
                answer=self._options.max_tokens,
                wanted=wanted,
            )
        except TimedOut as error:
            raise Flawed(FailureClass.MODEL_TIMEOUT, f"The model gave {error}.") from None
        except Rejected as error:
            raise Flawed(FailureClass.UNEXPECTED, str(error)) from None
        if completion.usage:
            self._correction.learn(estimated=estimated, counted=completion.usage.prompt_tokens)
        return completion

    def _body(self, messages: Sequence[Message]) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._options.model,
            "messages": messages,
            "max_tokens": self._options.max_tokens,
            "temperature": self._options.temperature,
            "stream": False,
        }
        if self._options.schema == "on":
            form = {"name": "analysis", "strict": True, "schema": prompts.SCHEMA}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        elif self._options.schema == "object":
            body["response_format"] = {"type": "json_object"}
        return body

    def _analysis(self, answer: drafts.Checked, given: AnalysisInput, inquiry: Inquiry) -> Analysis:
        summary, shown = answer.summary, inquiry.shown
        if shown.is_cut:
            told = CUT[given.language].format(shown=len(shown.numbers), total=shown.total)
            summary = f"{summary[: drafts.TEXT_CHARS - len(told) - 1]} {told}"
        return Analysis(
            summary=summary,
            root_cause=answer.root_cause,
            recommendation=answer.recommendation,
            severity=answer.severity,
            confidence=answer.confidence,
            component=answer.component,
            evidence=answer.evidence,
            engine=self.engine,
            engine_version=self.engine_version,
            usage=inquiry.usage(),
            computed_at=datetime.fromtimestamp(time.time(), UTC),
        )
