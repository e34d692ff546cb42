"""However large letters are, what looks at many of them reads a bounded part of their bytes at a time."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dlq_admin.models import DeadLetter, RedriveBatch
from dlq_admin.services import (
    Pace,
    batch_compare,
    batch_propose,
    batch_try,
    letters_compare,
    letters_try,
    trying,
)
from heimdall_project.errors import Unprocessable
from tests.people import People

from .letters import Letters, index

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(letters: Letters, people: People, monkeypatch: pytest.MonkeyPatch) -> RedriveBatch:
    """Seven letters of which three are read together, in a batch."""
    index(*(letters.failed(b"%d" % n + b"x" * 9_000, headers=[("h", b"y" * 20_000)]) for n in range(7)))
    monkeypatch.setattr(trying, "BYTES_MOST", 100_000)
    ids = list(DeadLetter.objects.values_list("pk", flat=True))
    return batch_propose(letter_ids=ids, actor=people.omar, reason="r", pace=Pace())


def test_a_page_ends_where_it_has_read_enough(batch: RedriveBatch, people: People) -> None:
    def pages(look: Any) -> list[int]:
        found, after = [], 0
        while after is not None:
            page = look(after)
            found.append(len(getattr(page, "tried", None) or page.compared))
            after = page.after
        return found

    assert pages(lambda after: batch_try(batch_id=batch.pk, after=after)) == [3, 3, 1]
    assert pages(lambda after: batch_compare(batch_id=batch.pk, actor=people.ada, after=after)) == [3, 3, 1]


def test_letters_that_are_tried_are_read_part_by_part(batch: RedriveBatch, people: People) -> None:
    ids = list(DeadLetter.objects.order_by("-pk").values_list("pk", flat=True))
    with CaptureQueriesContext(connection) as asked:
        trial = letters_try(letter_ids=[*ids, 2**62], actor=people.omar)
    assert [each.letter_id for each in trial.tried] == ids
    reads = [each["sql"] for each in asked if '"dead_letter_payloads"."value"' in each["sql"]]
    assert len(reads) == 3


def test_more_than_can_be_shown_at_once_is_refused(batch: RedriveBatch, people: People) -> None:
    ids = list(DeadLetter.objects.values_list("pk", flat=True))
    with pytest.raises(Unprocessable) as refused:
        letters_compare(letter_ids=ids, actor=people.ada, transform="strip-nul/1")
    assert "100,000 bytes" in refused.value.errors["ids"]
    assert len(letters_compare(letter_ids=ids[:3], actor=people.ada, transform="strip-nul/1").compared) == 3
