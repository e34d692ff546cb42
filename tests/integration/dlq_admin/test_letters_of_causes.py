"""Letters of several causes are paged in the order of time, however they are found."""

from typing import Any

import pytest
from django.test import Client

from dlq_admin.filters import filtered_letters
from dlq_admin.models import DeadLetter, letter_queryset
from tests.people import People

from .crowd import make_crowd

pytestmark = pytest.mark.django_db
QUESTIONS: list[dict[str, Any]] = [
    {"disposition": "poison"},
    {"disposition": ["poison", "contract"], "state": ["PENDING", "RESOLVED"]},
    {"disposition": "contract", "state": "PENDING"},
    {"topic": "topic-3", "state": "REPROCESSED"},
    {"group": "heimdall.worker-2", "error_class": "Error7", "event_id": "e-6"},
    {"error_class": "Error404"},
    {"error_class": "Error7", "state": "FAILED_AGAIN"},
]


@pytest.fixture
def paged(people: People, client: Client) -> Any:
    """All ids that the pages of a question hold, one page after the other, there and back."""

    def pages(ordering: str, query: dict[str, Any]) -> list[int]:
        client.force_login(people.vera)
        seen: list[int] = []
        url, last = "/api/v1/dlq", ""
        page = client.get(url, query_params={**query, "page_size": 7, "ordering": ordering}).json()
        first = page["results"]
        while True:
            seen += [row["id"] for row in page["results"]]
            if page["next"] is None:
                break
            page, last = client.get(page["next"]).json(), "followed"
        while last and page["previous"] is not None:
            page = client.get(page["previous"]).json()
        assert page["results"] == first
        return seen

    return pages


@pytest.mark.parametrize("few", [100, 0], ids=["by the first of each cause", "by time"])
@pytest.mark.parametrize("ordering", ["-failed_at", "failed_at"])
def test_pages_hold_each_letter_once_and_in_order(
    paged: Any, monkeypatch: pytest.MonkeyPatch, ordering: str, few: int
) -> None:
    monkeypatch.setattr(letter_queryset, "FEW_CAUSES", few)
    make_crowd(letters=200, clusters=20)
    DeadLetter.objects.filter(offset__in=(11, 22, 33)).update(failed_at="2026-11-01T00:00:00Z")
    sign = "-" if ordering.startswith("-") else ""
    for query in QUESTIONS:
        expected = filtered_letters(query).order_by(ordering, f"{sign}pk").values_list("pk", flat=True)
        assert paged(ordering, query) == list(expected), query
