"""In which ways a call of a model goes wrong, before it is said in the words of `Analyzer`."""

from heimdall_project.errors import HeimdallError

from ...analyzer import ModelAway


class Away(ModelAway):
    """The endpoint does not serve us now. `setting` names what an operator should look at, if known."""

    def __init__(self, reason: str, *, wait: float = 0.0, setting: str = "") -> None:
        super().__init__(reason)
        self.wait = wait
        """Seconds that the endpoint asked us to stay away."""
        self.setting = setting


class TimedOut(HeimdallError):
    """The call took longer than MODEL_TIMEOUT."""


class ContextTooLong(HeimdallError):
    """The model cannot take in so much."""


class Rejected(HeimdallError):
    """The endpoint refuses this request, and would refuse it again. `said` is for our log alone."""

    def __init__(self, message: str, *, said: str = "") -> None:
        super().__init__(message)
        self.said = said


class Unusable(HeimdallError):
    """There is an answer, and it cannot be used. `flaw` names the kind; the text is a hint to the model.

    The hint is made of our words and of numbers: it goes into a prompt, into messages and into logs.
    """

    def __init__(self, flaw: str, hint: str, *, answer: str = "") -> None:
        super().__init__(hint)
        self.flaw = flaw
        self.hint = hint
        self.answer = answer
