"""Trends as drawings, and in words."""

import pytest

from dlq_admin.admin.spark import HEIGHT, MARGIN, WIDTH, bars, spark, told


def test_the_highest_touches_the_top_and_nothing_leaves_the_drawing() -> None:
    points = [tuple(map(float, each.split(","))) for each in spark([0, 5, 10], "").points.split(" ")]
    assert points == [(0, HEIGHT - MARGIN), (WIDTH / 2, HEIGHT / 2), (WIDTH, MARGIN)]


def test_nothing_at_all_is_a_flat_line_and_no_bar() -> None:
    assert {each.split(",")[1] for each in spark([0, 0], "").points.split(" ")} == {
        str(HEIGHT - MARGIN * 1.0)
    }
    assert [bar.height for bar in bars([0, 1, 1000], ["", "", ""])] == [0, 2.0, 120]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ([0] * 24, "none in the last 24 hours"),
        ([1] * 24, "24 in the last 24 hours, steady"),
        ([1] * 22 + [30, 30], "82 in the last 24 hours, rising"),
        ([10] * 22 + [1, 1], "222 in the last 24 hours, falling"),
        ([10] + [0] * 23, "10 in the last 24 hours, none lately"),
    ],
)
def test_a_trend_in_words(counts: list[int], said: str) -> None:
    assert told(counts) == said
