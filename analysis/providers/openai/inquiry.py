"""One question on its way: which lines were shown, what was wrong with the answer so far, what it cost."""

from collections.abc import Callable, Sequence

from heimdall_project.events.jobs import FailureClass, Usage
from heimdall_project.observability import metrics
from heimdall_project.observability.logging import get_logger

from ...analyzer import AnalysisInput, Flawed, Refused, numbered_lines
from ...prompts import Flaw, Message, NothingFits, Question, Shown, conversation, excerpt
from .faults import ContextTooLong, Unusable

log = get_logger(__name__)
TOO_LARGE = (
    "The model cannot take in the log, nor half of what was shown of it: lower MODEL_MAX_INPUT_TOKENS or "
    "MODEL_MAX_TOKENS, or use a model with a larger context."
)


class Inquiry:
    """At most one repair and at most one halving; beyond that it raises Flawed or Refused."""

    def __init__(self, given: AnalysisInput, mask: Callable[[str], str], most: int) -> None:
        self._lines = numbered_lines(mask(given.log_content))
        if len(self._lines) != len(numbered_lines(given.log_content)):
            raise RuntimeError("masking changed the number of lines: citations would miss theirs")
        self._question = Question(
            mask(given.service_name), mask(given.environment), mask(given.analysis_type), given.language
        )
        self._flaw: Unusable | None = None
        self._halved = False
        self.used: list[Usage | None] = []
        """What the endpoint counted for each answer."""
        try:
            self.shown: Shown = excerpt(self._lines, most)
        except NothingFits:
            message = "The log is too large: not one of its lines fits MODEL_MAX_INPUT_TOKENS."
            raise Refused(FailureClass.INPUT_TOO_LARGE, message) from None

    def messages(self) -> Sequence[Message]:
        """The next call."""
        flaw = Flaw(self._flaw.answer, self._flaw.hint) if self._flaw else None
        return conversation(self._question, self.shown, flaw)

    def halve(self, error: ContextTooLong) -> None:
        """The model cannot take in so much: show it half. Raises Refused the second time."""
        if self._halved:
            raise Refused(FailureClass.INPUT_TOO_LARGE, TOO_LARGE) from None
        log.warning("The model cannot take in so much", action="model_input_halved", shown=self.shown.tokens)
        self._halved = True
        try:
            self.shown = excerpt(self._lines, self.shown.tokens // 2)
        except NothingFits:
            raise Refused(FailureClass.INPUT_TOO_LARGE, TOO_LARGE) from None

    def repair(self, flaw: Unusable) -> None:
        """The answer cannot be used: say so and ask again. Raises Flawed the second time."""
        if self._flaw:
            message = f"The answer cannot be used: {self._flaw.hint}; nor can the second: {flaw.hint}."
            raise Flawed(FailureClass.BAD_OUTPUT, message) from None
        self._flaw = flaw
        metrics.MODEL_REPAIRS.labels(flaw.flaw).inc()
        log.info("The model is asked again", action="model_repair", flaw=flaw.flaw, hint=flaw.hint)

    def usage(self) -> Usage | None:
        """What the endpoint counted for all answers; None if it did not count each."""
        counted = [each for each in self.used if each is not None]
        if not counted or len(counted) < len(self.used):
            return None
        return Usage(
            prompt_tokens=sum(each.prompt_tokens for each in counted),
            completion_tokens=sum(each.completion_tokens for each in counted),
        )
