"""How many tokens a text has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.budget.counting import Correction, estimate

LINE = "2026-11-21 09:14:57,101 ERROR [pool-3] orders.OrderRepository: Connection is not available\n"


@given(st.text(max_size=300))
def test_a_text_has_at_most_as_many_tokens_as_bytes_and_at_least_an_eighth_of_its_characters(
    text: str,
) -> None:
    assert len(text) // 8 <= estimate(text) <= len(text.encode())


@given(st.text(max_size=200), st.text(max_size=200))
def test_two_texts_together_have_about_as_many_as_each_alone(one: str, other: str) -> None:
    apart, together = estimate(one) + estimate(other), estimate(one + other)
    assert apart - 1 <= together + 1 and together <= apart + 1


@given(st.text(min_size=64, max_size=200))
def test_what_is_remembered_is_what_is_counted(text: str) -> None:
    assert estimate(text) == estimate(text) == estimate(text[:1] + text[1:])


def test_prose_and_logs_are_counted_on_the_high_side_of_the_rule_of_thumb() -> None:
    prose = "the quick brown fox jumps over the lazy dog " * 50
    assert 1.0 <= estimate(prose) / (450 / 0.75) <= 1.3
    assert 1.0 <= estimate(LINE * 20) / (len(LINE) * 20 / 4) <= 1.8


def test_hangul_costs_more_than_letters() -> None:
    assert estimate("데이터베이스 연결") == 12 > estimate("databases refuse")


def test_a_hostile_text_is_counted_in_linear_time() -> None:
    assert estimate("-=" * 100_000) == 200_000
    assert estimate(" " * 200_000) == 25_000


def test_the_correction_follows_the_endpoint_within_bounds() -> None:
    correct = Correction()
    assert correct(100) == 100
    for _ in range(40):
        correct.learn(estimated=100, counted=150)
    assert correct(100) == pytest.approx(150, abs=1)
    for _ in range(100):
        correct.learn(estimated=100, counted=100_000)
    assert correct(100) <= 400
    correct.learn(estimated=5, counted=5_000)
    assert correct(100) <= 400
