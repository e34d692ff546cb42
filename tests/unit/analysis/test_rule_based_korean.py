"""Answers in Korean."""

import re

import pytest

from analysis.analyzer import AnalysisInput, Language
from analysis.providers.rule_based import RuleBasedAnalyzer

from .test_rule_based_incidents import EXPECTED, explain

HANGUL = re.compile(r"[가-힣]")


@pytest.mark.parametrize("name", [*EXPECTED, "unknown_error", "healthy"])
def test_every_part_of_the_answer_is_korean(name: str) -> None:
    analysis = explain(name, language=Language.KO)
    for text in (analysis.summary, analysis.root_cause, analysis.recommendation):
        assert HANGUL.search(text)
    assert all(HANGUL.search(cited.claim) for cited in analysis.evidence)


@pytest.mark.parametrize("name", EXPECTED)
def test_only_the_words_differ_between_languages(name: str) -> None:
    english, korean = explain(name), explain(name, language=Language.KO)
    assert (english.component, english.severity, english.confidence) == (
        korean.component,
        korean.severity,
        korean.confidence,
    )
    assert [cited.line for cited in english.evidence] == [cited.line for cited in korean.evidence]


def test_a_summary_reads_well_in_korean() -> None:
    summary = explain("connection_refused", language=Language.KO).summary
    assert summary.startswith("payments.ledger: 10.0.4.17:5432 (PostgreSQL) 연결이 거부됨. 해당 라인 2건")


def test_an_empty_log_in_korean() -> None:
    given = AnalysisInput("", "billing", "production", language=Language.KO)
    assert RuleBasedAnalyzer().analyze(given).summary == "billing: 로그가 비어 있습니다."


@pytest.mark.parametrize(
    ("tag", "language"),
    [("ko", "ko"), ("ko-KR", "ko"), ("KO", "ko"), ("en-GB", "en"), ("de", "en"), ("", "en"), (None, "en")],
)
def test_a_language_tag_picks_a_language_that_we_write(tag: str | None, language: str) -> None:
    assert Language.of(tag) == language
