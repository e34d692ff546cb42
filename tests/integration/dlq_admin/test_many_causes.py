"""Strangers cannot make lists and figures slow by a cause of its own for each record."""

import pytest

from dlq_admin.letters import read
from dlq_admin.models import Cluster, DeadLetter
from dlq_admin.services import counting
from dlq_admin.services.indexing import known_topics

from .letters import GROUP, TOPIC, Letters, index

pytestmark = pytest.mark.django_db
MOST = 5


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many causes are told apart."""
    monkeypatch.setattr(counting, "CAUSES_MOST", MOST)


def crowd(letters: Letters, number: int, group: str = GROUP) -> None:
    """Letters with a schema, and so a cause, of their own; a few at a time."""
    for _ in range(number):
        one, two = (f"x{DeadLetter.objects.count()}-{n}".encode() for n in (1, 2))
        index(
            letters.failed(one, headers=[("schema", one)], group=group),
            letters.failed(two, headers=[("schema", two)], group=group),
        )


def test_beyond_a_bound_new_causes_stand_together_and_each_letter_is_counted(letters: Letters) -> None:
    crowd(letters, 10)
    assert Cluster.objects.count() == MOST + 1 and DeadLetter.objects.count() == 20
    rest = Cluster.objects.get(message=counting.TOO_MANY)
    assert (rest.topic, rest.group, rest.total, rest.pending) == (TOPIC, GROUP, 20 - MOST, 20 - MOST)


def test_a_cause_that_is_known_keeps_its_letters(letters: Letters) -> None:
    index(letters.failed(b"first"))
    crowd(letters, 5)
    index(letters.failed(b"second"))
    assert Cluster.objects.get(message="not JSON", schema="").total == 2


def test_groups_that_nobody_knows_do_not_part_them_either(letters: Letters) -> None:
    crowd(letters, 3)
    for number in range(6):
        index(letters.failed(b"g%d" % number, group=f"group-{number}"))
    assert set(Cluster.objects.filter(message=counting.TOO_MANY).values_list("group", flat=True)) == {
        GROUP,
        "",
    }


def test_when_letters_of_others_are_gone_there_is_room_again(letters: Letters) -> None:
    crowd(letters, 3)
    Cluster.objects.exclude(message=counting.TOO_MANY).update(total=0, pending=0)
    counting.clusters_ensure([read(letters.raw(b"new", [("schema", b"new/1")]), known_topics())])
    assert Cluster.objects.filter(schema="new/1").exists()
