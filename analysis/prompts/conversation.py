"""The messages of a call: the question, and what was wrong with the answer to it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from ..analyzer import Language
from .defusing import defused
from .excerpt import Shown
from .wording import AGAIN, LANGUAGES, QUESTION, SYSTEM

NAME_CHARS = 200
ANSWER_CHARS = 4_000
type Message = dict[str, str]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about a log. The three names come from strangers too; they are masked by the caller."""

    service_name: str
    environment: str
    analysis_type: str
    language: Language


@dataclass(frozen=True, slots=True)
class Flaw:
    """An answer that cannot be used: the answer, as far as there is one, and what is wrong with it."""

    answer: str
    hint: str


def conversation(question: Question, shown: Shown, flaw: Flaw | None = None) -> Sequence[Message]:
    """The messages of one call."""
    language = LANGUAGES[question.language]
    asked = QUESTION % {
        "service": _name(question.service_name),
        "environment": _name(question.environment),
        "kind": _name(question.analysis_type),
        "total": shown.total,
        "shown": len(shown.numbers),
        "marker": hashlib.sha256(shown.text.encode()).hexdigest()[:16],  # a text cannot hold its own hash
        "text": shown.text,
        "language": language,
    }
    messages = [
        {"role": "system", "content": SYSTEM % {"language": language}},
        {"role": "user", "content": asked},
    ]
    if flaw is None:
        return messages
    again = AGAIN % {"hint": flaw.hint, "language": language}
    if not flaw.answer.strip():
        messages[1]["content"] = f"{asked}\n\n{again}"
        return messages
    before = "\n".join(map(defused, flaw.answer[:ANSWER_CHARS].split("\n")))
    return [*messages, {"role": "assistant", "content": before}, {"role": "user", "content": again}]


def _name(text: str) -> str:
    return json.dumps(defused(text[:NAME_CHARS]), ensure_ascii=False)
