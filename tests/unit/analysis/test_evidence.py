"""Citations are checked against the input, whoever made them."""

import dataclasses

import pytest

from analysis.analyzer import (
    CITED_CHARS,
    Analysis,
    AnalysisInput,
    Evidence,
    UnfoundedEvidence,
    cited_text,
    verify_evidence,
)
from analysis.providers.rule_based import RuleBasedAnalyzer

LOG = AnalysisInput("first line\r\nERROR second\n" + "x" * 2_000, "svc", "production")


def citing(line: int, text: str) -> Analysis:
    """An analysis that cites one line."""
    analysis = RuleBasedAnalyzer().analyze(LOG)
    return dataclasses.replace(analysis, evidence=(Evidence(line, text, "claim"),))


@pytest.mark.parametrize(
    ("line", "text"),
    [(1, "first line"), (2, "ERROR second"), (3, "x" * CITED_CHARS)],
    ids=["one", "two", "cut"],
)
def test_a_line_that_exists_may_be_cited(line: int, text: str) -> None:
    verify_evidence(LOG, citing(line, text))


@pytest.mark.parametrize("line", [0, -1, 4, 10**9])
def test_a_line_that_does_not_exist_is_refused(line: int) -> None:
    with pytest.raises(UnfoundedEvidence, match=f"line {line} is cited"):
        verify_evidence(LOG, citing(line, "first line"))


@pytest.mark.parametrize("text", ["", "second", "ERROR second ", "error second"])
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(UnfoundedEvidence, match="does not say"):
        verify_evidence(LOG, citing(2, text))


def test_a_citation_is_cut_at_the_bound() -> None:
    assert cited_text("y" * 9_999) == "y" * CITED_CHARS
