"""From what a model said to an analysis that rests on lines which exist. Pure; total for any text.

Nothing of a model's answer is carried out. Its form is fixed, its texts are bounded, and the text of each
cited line is taken from the log, never from the answer.
"""

import re
from collections.abc import Iterator

import msgspec

from heimdall_project.errors import ContractViolation, InvalidMessage
from heimdall_project.events import codec
from heimdall_project.events.jobs import Severity

from ...analyzer import Evidence, Language, cited_text
from ...prompts.defusing import plain
from .faults import Unusable
from .replies import Completion

TEXT_CHARS = 2_000
CLAIM_CHARS = 300
COMPONENT_CHARS = 200
MOST_CITED = 20
_HANGUL_LEAST, _HANGUL_MOST = 0.2, 0.3
_FENCED = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n?```", re.DOTALL | re.IGNORECASE)
_THOUGHT = "</think>"


class Cited(msgspec.Struct):
    """A citation, as the model gives it."""

    line: int
    claim: str


class Draft(msgspec.Struct):
    """The form of an answer."""

    summary: str
    root_cause: str
    recommendation: str
    severity: str
    confidence: float
    evidence: list[Cited]
    component: str | None = None


class Checked(msgspec.Struct, frozen=True):
    """An answer that can be used."""

    summary: str
    root_cause: str
    recommendation: str
    severity: Severity
    confidence: float
    component: str | None
    evidence: tuple[Evidence, ...]


def checked(
    completion: Completion, *, lines: list[str], citable: frozenset[int], language: Language
) -> Checked:
    """The answer, if it can be used; `lines` are those of the log as it was given. Raises Unusable."""
    try:
        return _checked(completion, lines, citable, language)
    except Unusable as flaw:
        flaw.answer = completion.text
        raise


def _checked(
    completion: Completion, lines: list[str], citable: frozenset[int], language: Language
) -> Checked:
    if completion.finish == "length":
        raise Unusable("cut_off", "it was cut off because it is too long; be much briefer")
    if completion.finish == "content_filter":
        raise Unusable("filtered", "it was withheld by a filter")
    draft = _draft(completion.text)
    summary = _clean(draft.summary, TEXT_CHARS, "summary")
    root_cause = _clean(draft.root_cause, TEXT_CHARS, "root_cause")
    recommendation = _clean(draft.recommendation, TEXT_CHARS, "recommendation")
    _spoken(f"{summary} {root_cause} {recommendation}", language)
    severity = _severity(draft.severity)
    if not 0.0 <= draft.confidence <= 1.0:
        raise Unusable("wrong_shape", '"confidence" must lie between 0 and 1')
    component = " ".join(plain(draft.component or "").split())[:COMPONENT_CHARS] or None
    evidence = tuple(_cited(draft.evidence, lines, citable))
    if not evidence and severity is not Severity.LOW:
        raise Unusable("no_citation", "it cites no line, so nothing in it can be checked")
    return Checked(summary, root_cause, recommendation, severity, draft.confidence, component, evidence)


def _draft(text: str) -> Draft:
    """The JSON object in a text: bare, fenced, or with words around it."""
    flaw: Unusable | None = None
    for candidate in _candidates(text):
        try:
            draft: Draft = codec.decode(Draft, candidate.encode(errors="replace"))
            return draft
        except ContractViolation:
            hint = "it has not the form described: a member is missing or has another type"
            flaw = Unusable("wrong_shape", hint)
        except InvalidMessage:
            flaw = flaw or Unusable("not_json", "it is not JSON")
    raise flaw or Unusable("wrong_shape", "it is empty")


def _candidates(text: str) -> Iterator[str]:
    said = text.rpartition(_THOUGHT)[2].strip()
    if said:
        yield said
    if fenced := _FENCED.search(said):
        yield fenced[1]
    first, last = said.find("{"), said.rfind("}")
    if 0 <= first < last:
        yield said[first : last + 1]


def _clean(text: str, most: int, name: str) -> str:
    cleaned = plain(text).strip()
    if not cleaned:
        raise Unusable("wrong_shape", f'"{name}" is empty')
    return cleaned if len(cleaned) <= most else f"{cleaned[: most - 1].rstrip()}…"


def _severity(said: str) -> Severity:
    try:
        return Severity(said.strip().upper())
    except ValueError:
        raise Unusable("wrong_shape", '"severity" must be LOW, MEDIUM, HIGH or CRITICAL') from None


def _cited(evidence: list[Cited], lines: list[str], citable: frozenset[int]) -> Iterator[Evidence]:
    """Citations with the text of their lines; the first of each line."""
    seen: set[int] = set()
    for each in evidence:
        if each.line not in citable:
            shown = f"line {each.line}" if 0 < each.line < 10**9 else "a line"
            raise Unusable("false_citation", f"it cites {shown}, which the excerpt does not show")
        if each.line in seen or len(seen) == MOST_CITED:
            continue
        seen.add(each.line)
        claim = _clean(each.claim, CLAIM_CHARS, "claim")
        yield Evidence(each.line, cited_text(lines[each.line - 1]), " ".join(claim.split()))


def _spoken(text: str, language: Language) -> None:
    """Raise unless the texts are plausibly of that language. Names and quotes are in the log's own words."""
    letters = [letter for letter in text if letter.isalpha()]
    hangul = sum("가" <= letter <= "힣" for letter in letters)
    share = hangul / len(letters) if letters else 0.0
    if language is Language.KO and share < _HANGUL_LEAST:
        raise Unusable("other_language", "it is not written in Korean (한국어)")
    if language is Language.EN and share > _HANGUL_MOST:
        raise Unusable("other_language", "it is not written in English")
