"""The words of the rules, one module a language.

A block is the name of a rule and three paragraphs, each behind a dash: what happens (a phrase that follows
"component: "), the likely cause, and what to look at next. ``{target}`` is what the log names as the other
side.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...analyzer import Language
from . import en, en_systems, ko, ko_systems


@dataclass(frozen=True, slots=True)
class Wording:
    """What one rule says in one language."""

    what: str
    cause: str
    advice: str


def _parse(text: str) -> dict[str, Wording]:
    blocks = (block.partition("\n- ") for block in text.strip().split("\n\n"))
    return {
        name: Wording(*(" ".join(part.split()) for part in rest.split("\n- "))) for name, _, rest in blocks
    }


WORDINGS = {
    Language.EN: _parse(en.TEXTS) | _parse(en_systems.TEXTS),
    Language.KO: _parse(ko.TEXTS) | _parse(ko_systems.TEXTS),
}
