"""Pages stay whole while rows come and go."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from heimdall_project.accounts.models import AuditEvent
from heimdall_project.api.pagination import KeysetPagination
from heimdall_project.errors import Refused

pytestmark = pytest.mark.django_db
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class ByTime(KeysetPagination):
    """Over the audit trail, which has many rows of one moment."""

    ordering = "-at"
    page_size = 3
    max_page_size = 5


def add(*minutes: int) -> None:
    """Rows at these minutes."""
    for minute in minutes:
        AuditEvent.objects.create(
            kind="intent", actor="a", action="a", target=str(minute), at=BEGIN + timedelta(minutes=minute)
        )


def page(link: str = "/?") -> tuple[list[int], str | None, str | None]:
    """Keys of a page, and the links to the next and the previous one."""
    parts = urlsplit(link)
    paginator = ByTime()
    request = Request(APIRequestFactory().get(f"{parts.path}?{parts.query}"))
    rows = paginator.paginate_queryset(AuditEvent.objects.all(), request)
    answer = paginator.get_paginated_response([row.pk for row in rows]).data
    return answer["results"], answer["next"], answer["previous"]


def walk(link: str | None) -> list[int]:
    """All keys from a link on."""
    found: list[int] = []
    while link:
        keys, link, _ = page(link)
        found += keys
    return found


def test_every_row_is_seen_once_newest_first_though_many_are_of_one_moment() -> None:
    add(1, 1, 1, 1, 2, 2, 0, 3)
    expected = list(AuditEvent.objects.order_by("-at", "-pk").values_list("pk", flat=True))
    assert walk("/?") == expected


def test_rows_that_arrive_meanwhile_move_nothing() -> None:
    add(1, 2, 3, 4, 5, 6)
    first, following, _ = page()
    add(7, 8)
    assert following is not None
    second, _, back = page(following)
    assert len({*first, *second}) == 6
    assert back is not None and page(back)[0] == first


def test_the_first_page_has_no_previous_and_the_last_no_next() -> None:
    add(1, 2, 3, 4)
    _, following, preceding = page()
    assert preceding is None and following is not None
    last, none, back = page(following)
    assert len(last) == 1 and none is None and back is not None
    assert page(back)[2] is None


def test_the_page_size_can_be_chosen_within_its_bounds() -> None:
    add(1, 2, 3, 4, 5, 6)
    assert len(page("/?page_size=5")[0]) == 5
    for wrong in ("0", "6", "-1", "x", "1e9", "٣"):
        with pytest.raises(Refused, match="page size"):
            page(f"/?page_size={wrong}")


def test_a_page_costs_one_query(django_assert_num_queries: object) -> None:
    add(1, 2, 3, 4)
    with django_assert_num_queries(1):  # type: ignore[operator]
        page()
