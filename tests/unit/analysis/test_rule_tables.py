"""The tables of rules: complete in every language, and quick on hostile text."""

import string

import pytest

from analysis.analyzer import Language
from analysis.rules.matching import UNRECOGNISED, WARNED
from analysis.rules.rule import Rule, Target
from analysis.rules.table import RULES
from analysis.rules.texts import WORDINGS

EVERY = (*RULES, UNRECOGNISED, WARNED)


@pytest.mark.parametrize("language", Language)
def test_every_rule_has_words_in_every_language(language: Language) -> None:
    assert {rule.name for rule in EVERY} == set(WORDINGS[language])


def test_names_are_unique() -> None:
    assert len({rule.name for rule in EVERY}) == len(EVERY)


@pytest.mark.parametrize("rule", EVERY, ids=lambda rule: rule.name)
@pytest.mark.parametrize("language", Language)
def test_words_ask_only_for_what_the_rule_finds(rule: Rule, language: Language) -> None:
    words = WORDINGS[language][rule.name]
    fields = {name for _, name, _, _ in string.Formatter().parse(words.what) if name}
    assert fields <= ({"target"} if rule.target is not Target.NOTHING else set())
    assert "{" not in words.cause + words.advice


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_patterns_are_written_in_lower_case(rule: Rule) -> None:
    literal = rule.pattern.pattern.replace(r"\D", "").replace(r"\S", "").replace(r"\W", "")
    assert literal == literal.lower()
