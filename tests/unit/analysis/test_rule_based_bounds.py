"""The rule-based analyzer on any text: it answers, its citations are real, its answers are bounded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.analyzer import CITED_CHARS, AnalysisInput, verify_evidence
from analysis.providers.rule_based import RuleBasedAnalyzer
from analysis.rules import citing, reading, report
from analysis.rules.components import NAME_CHARS

fragments = st.sampled_from(
    [
        "2024-01-01 10:00:00 ERROR a.b.C: connection refused to db-1:5432",
        "2024-01-01 10:00:01 WARN a.b.D: timed out",
        "2024-01-01 10:00:02 INFO a.b.E: fine",
        "Caused by: java.net.ConnectException: Connection refused",
        "\tat com.example.A.b(A.java:1)",
        "Traceback (most recent call last):",
        "ValueError: no",
        "FATAL out of memory",
        "Failed password for root from 10.0.0.1 port 1 ssh2",
        "",
        "\r",
        "{target} {who} %s {0}",
        '{"level": "error", "msg": "x {target}"}',
    ]
)
logs = st.lists(fragments | st.text(max_size=80), max_size=30).map("\n".join)


@settings(deadline=None)
@given(logs)
def test_every_citation_is_real(content: str) -> None:
    given = AnalysisInput(content, "svc", "production")
    verify_evidence(given, RuleBasedAnalyzer().analyze(given))


@settings(deadline=None)
@given(logs)
def test_the_same_log_gets_the_same_answer(content: str) -> None:
    given = AnalysisInput(content, "svc", "production")
    assert RuleBasedAnalyzer().analyze(given) == RuleBasedAnalyzer().analyze(given)


@settings(deadline=None)
@given(logs)
def test_answers_are_bounded(content: str) -> None:
    analysis = RuleBasedAnalyzer().analyze(AnalysisInput(content, "s" * 5_000, "production"))
    texts = (analysis.summary, analysis.root_cause, analysis.recommendation)
    assert all(0 < len(text) <= report.TEXT_CHARS for text in texts)
    assert 0.0 <= analysis.confidence <= 1.0
    assert len(analysis.evidence) <= citing.MOST
    assert len(analysis.component or "") <= NAME_CHARS


@pytest.mark.parametrize(
    "line",
    [
        "a" * 500_000,
        "a." * 250_000,
        "/x" * 250_000,
        "at " * 100_000,
        "1.1.1.1:80 " * 50_000,
        "\x00\x1b[" * 100_000,
    ],
    ids=lambda line: line[:6].encode("unicode_escape").decode(),
)
def test_a_monstrous_line_is_only_a_line(line: str) -> None:
    content = f"2024-01-01 10:00:00 ERROR a.b.C: failed to connect to {line}"
    given = AnalysisInput(content, "svc", "production")
    analysis = RuleBasedAnalyzer().analyze(given)
    verify_evidence(given, analysis)
    assert all(len(cited.text) <= CITED_CHARS for cited in analysis.evidence)


def test_a_log_beyond_the_bound_is_read_to_the_bound_and_says_so() -> None:
    content = "INFO fine\n" * (reading.MOST_LINES + 5)
    analysis = RuleBasedAnalyzer().analyze(AnalysisInput(content, "svc", "production"))
    assert (
        f"Only the first {reading.MOST_LINES} of {reading.MOST_LINES + 5} lines were read" in analysis.summary
    )


def test_log_text_in_a_sentence_is_made_plain() -> None:
    content = "2024-01-01 10:00:00 ERROR <script>alert(1)</script>: quiet\x07 \x1b[31mbroken <b>{x}</b>"
    analysis = RuleBasedAnalyzer().analyze(AnalysisInput(content, "<i>svc</i>", "production"))
    text = analysis.summary + analysis.root_cause + (analysis.component or "")
    assert not set("<>{}\x07\x1b") & set(text)
