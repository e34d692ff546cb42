"""Citations: each line once, in the order of importance, with its exact text."""

from __future__ import annotations

from ..analyzer import Evidence, cited_text, numbered_lines

MOST = 8


class Citations:
    """Collects what an answer cites."""

    def __init__(self, log_content: str) -> None:
        self._lines = numbered_lines(log_content)
        self._claims: dict[int, str] = {}

    def add(self, line: int, claim: str) -> None:
        """Cite a line, unless it is cited already or the answer cites enough."""
        if len(self._claims) < MOST:
            self._claims.setdefault(line, claim)

    def evidence(self) -> tuple[Evidence, ...]:
        """What was collected."""
        return tuple(
            Evidence(line, cited_text(self._lines[line - 1]), claim) for line, claim in self._claims.items()
        )
