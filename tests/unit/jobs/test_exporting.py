"""The list's filter in the words of the API."""

from datetime import UTC, datetime

import pytest

from jobs.admin.exporting import export

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def query(**chosen: str) -> str:
    found = export(chosen, NOW)
    assert [kind for kind, _ in found.links] == ["CSV", "JSON"]
    return found.links[0][1].partition("?")[2].removesuffix("format=csv").removesuffix("&")


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, ""),
        ({"status": "FAILED", "service": "a b"}, "service=a+b&status=FAILED"),
        ({"status": "open"}, "status=PENDING&status=QUEUED&status=RUNNING"),
        ({"last": "hour"}, "since=2026-11-21T11%3A00%3A00%2B00%3A00"),
        (
            {"created_at_from_0": "2026-11-20", "created_at_from_1": "00:00"},
            "since=2026-11-20T00%3A00%3A00%2B00%3A00",
        ),
        ({"created_at_from_0": "2026-11-20"}, ""),
        (
            {
                "created_at_from_0": "2026-11-20",
                "last": "hour",
                "created_at_to_0": "2026-11-21",
                "created_at_to_1": "11:30:00",
            },
            "since=2026-11-21T11%3A00%3A00%2B00%3A00&until=2026-11-21T11%3A30%3A00%2B00%3A00",
        ),
        ({"created_at_from_0": "2026-99-99"}, ""),
        ({"created_at_from_0": "x", "created_at_from_1": "y"}, ""),
    ],
)
def test_a_filter_is_said_in_the_words_of_the_api(chosen: dict[str, str], expected: str) -> None:
    assert query(**chosen) == expected


@pytest.mark.parametrize(("name", "word"), [("q", "the search"), ("last_seen", "last seen")])
def test_what_the_api_cannot_say_makes_no_link(name: str, word: str) -> None:
    found = export({name: "x"}, NOW)
    assert not found.links and word in found.problem
