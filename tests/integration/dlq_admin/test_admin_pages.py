"""The pages of dead letters: who sees what, hostile texts, and that looking changes nothing."""

import csv
import re
from datetime import timedelta
from html import unescape
from http import HTTPStatus
from io import StringIO
from itertools import islice
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dlq_admin import selectors
from dlq_admin.admin.filters import OTHERS
from dlq_admin.models import BatchItem, Cluster, DeadLetter, RedriveBatch
from dlq_admin.services import Pace, batch_approve, batch_pause, batch_propose
from heimdall_project.accounts.models import AuditEvent, User
from heimdall_project.errors import InvalidMessage
from heimdall_project.streams.models import WorkerProcess
from tests.people import People

from .letters import Letters, index

pytestmark = pytest.mark.django_db(transaction=True)
EVIL = "<script>document.title='evil'</script>\u202e\x07"
CONSOLE = "/admin/dlq_admin/cluster/console/"
LETTERS = "/admin/dlq_admin/deadletter/"
BATCHES = "/admin/dlq_admin/redrivebatch/"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(user: User, path: str, **query: Any) -> str:
    answer = client_of(user).get(path, query)
    assert answer.status_code == HTTPStatus.OK, answer.status_code
    return str(answer.getvalue().decode().replace("\u00a0", " "))


def failed(letters: Letters, *messages: str) -> list[DeadLetter]:
    index(*(letters.failed(b'{"n":1}', error=InvalidMessage(text)) for text in messages))
    return list(DeadLetter.objects.order_by("pk"))


def proposed(people: People, rows: list[DeadLetter]) -> RedriveBatch:
    ids = [row.pk for row in rows]
    return batch_propose(letter_ids=ids, actor=people.omar, reason="repaired", pace=Pace())


def pages(row: DeadLetter, batch: RedriveBatch) -> list[str]:
    return [
        CONSOLE,
        LETTERS,
        f"{LETTERS}{row.pk}/change/",
        "/admin/dlq_admin/cluster/",
        f"/admin/dlq_admin/cluster/{row.cluster_id}/change/",
        BATCHES,
        f"{BATCHES}{batch.pk}/change/",
    ]


def test_every_page_is_shown_to_a_viewer_and_to_nobody_without_a_role(
    people: People, letters: Letters
) -> None:
    [row] = failed(letters, EVIL)
    batch = proposed(people, [row])
    acts = AuditEvent.objects.count()
    people.eve.is_staff = True
    people.eve.save()
    for path in pages(row, batch):
        shown = text_of(people.vera, path)
        assert EVIL not in shown and "<script>document.title" not in shown, path
        assert client_of(people.eve).get(path).status_code == HTTPStatus.FORBIDDEN, path
    assert AuditEvent.objects.count() == acts


def test_the_console_says_that_nothing_is_broken_and_what_a_dead_letter_is(people: People) -> None:
    shown = text_of(people.vera, CONSOLE)
    assert "Nothing is broken" in shown and "There is no dead letter here yet" in shown


def test_the_console_names_the_cause_the_worker_and_the_next_step(people: People, letters: Letters) -> None:
    [row, _] = failed(letters, "17 is more than 5", "18 is more than 6")
    shown = text_of(people.omar, CONSOLE)
    assert "1 cause is open: 2 letters wait" in shown
    assert "analysis-worker does not run" in shown and "Look at workers" in shown
    assert "dlq-indexer does not run" in shown
    assert f"/admin/dlq_admin/cluster/{row.cluster_id}/change/" in shown


def test_a_worker_that_several_causes_wait_for_is_named_once_above_them(
    people: People, letters: Letters
) -> None:
    failed(letters, "one thing", "another thing")
    shown = text_of(people.omar, CONSOLE)
    assert shown.count("Start it: manage.py run_consumer analysis-worker. 2 causes wait for it.") == 1


@pytest.mark.parametrize(("lag", "away"), [(None, True), (0, False)])
def test_a_broker_that_tells_no_worker_its_lag_is_named(people: People, lag: int | None, away: bool) -> None:
    beat = timezone.now() + timedelta(days=1)
    known = {"state": "running", "host": "h", "pid": 1, "heartbeat_at": beat, "lag_records": lag}
    WorkerProcess.objects.create(id="w1", worker="analysis-worker", **known)
    WorkerProcess.objects.create(id="w2", worker="dlq-redriver", **(known | {"lag_records": None}))
    assert ("the broker seems to be away" in text_of(people.vera, CONSOLE)) is away


def test_what_is_listed_comes_as_a_file_with_the_filter_of_the_list(people: People, letters: Letters) -> None:
    [row, other] = failed(letters, "one thing", "another thing")
    client_of(people.omar).post(f"{LETTERS}{other.pk}/discard/", {"reason": "x", "_form_submitted": "on"})
    rows = list(csv.DictReader(StringIO(text_of(people.vera, f"{LETTERS}export/", state="PENDING"))))
    assert [(each["id"], each["error_message"]) for each in rows] == [(str(row.pk), row.error_message)]
    lines = text_of(people.vera, f"{CONSOLE}export/", format="json").splitlines()
    assert len(lines) == 1 and '"pending":1' in lines[0]
    answer = client_of(people.vera).get(f"{LETTERS}export/", {"format": "xml"})
    assert answer.status_code == HTTPStatus.BAD_REQUEST


def test_letters_are_found_by_what_they_are_called(people: People, letters: Letters) -> None:
    index(
        letters.failed(error=InvalidMessage("this"), headers=[("event_id", b"e-1")]),
        letters.failed(error=InvalidMessage("that"), headers=[("event_id", b"e-2")]),
    )
    row = DeadLetter.objects.get(event_id="e-1")
    for term in (str(row.pk), f"#{row.pk}", "e-1", f"{row.topic}[{row.partition}]@{row.offset}"):
        shown = text_of(people.vera, LETTERS, q=term)
        assert f"{LETTERS}{row.pk}/change/" in shown and ">that<" not in shown, term
    for term in ("nothing", "e-3", "a[1]@9999999999999999999", "9" * 18):
        assert "Nothing fits" in text_of(people.vera, LETTERS, q=term), term


def test_bytes_are_shown_by_a_press_of_a_button_only_and_that_is_written_down(
    people: People, letters: Letters
) -> None:
    index(letters.failed(b'{"mail":"ada@example.com"}', error=InvalidMessage(EVIL)))
    row = DeadLetter.objects.get()
    path = f"{LETTERS}{row.pk}/payload/"
    assert "ada@example.com" not in text_of(people.ada, f"{LETTERS}{row.pk}/change/")
    assert client_of(people.omar).get(path).status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert client_of(people.vera).post(path).status_code == HTTPStatus.FORBIDDEN
    assert not AuditEvent.objects.acts().exists()

    shown = client_of(people.omar).post(path, headers={"HX-Request": "true"}).content.decode()
    assert "ada@example.com" not in shown and "email#1" in shown
    assert "ada@example.com" in client_of(people.ada).post(path).content.decode()
    acts = AuditEvent.objects.acts().order_by("pk")
    assert [(act.actor, act.action) for act in acts] == [
        ("omar", "dlq.payload.read"),
        ("ada", "dlq.payload.read"),
    ]


def ended(people: People, rows: list[DeadLetter], **items: int) -> RedriveBatch:
    """A batch that is done, by how many of its items stand in which state."""
    batch = proposed(people, rows)
    batch_approve(batch_id=batch.pk, actor=people.ada, reason="seen", set_hash=batch.set_hash)
    numbers = iter(batch.items.order_by("pk"))
    for state, number in items.items():
        for item in islice(numbers, number):
            BatchItem.objects.filter(pk=item.pk).update(state=state)
    RedriveBatch.objects.filter(pk=batch.pk).update(state="DONE", ended_at=timezone.now())
    return batch


@pytest.mark.parametrize(
    ("items", "said", "colour"),
    [
        ({"RESOLVED": 2}, "DONE", "green"),
        ({"RESOLVED": 1, "FAILED": 1}, "DONE, 1 failed again", "orange"),
        ({"FAILED": 2}, "DONE, 2 failed again", "red"),
        ({"SKIPPED": 1, "FAILED": 1}, "DONE, 1 failed again", "red"),
    ],
)
def test_a_batch_that_is_done_tells_what_failed_again_in_a_word_and_a_colour(
    people: People, letters: Letters, items: dict[str, int], said: str, colour: str
) -> None:
    batch = ended(people, failed(letters, "one thing", "another thing"), **items)
    for page in (BATCHES, f"{BATCHES}{batch.pk}/change/"):
        [classes] = re.findall(rf'<span class="([^"]*)" ?>\s*{said}\s*</span>', text_of(people.vera, page))
        assert f"bg-{colour}-" in classes


def test_a_list_of_batches_counts_failures_up_to_a_bound(
    people: People, letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (selectors, selectors.batches):
        monkeypatch.setattr(module, "FAILED_MOST", 2)
    ended(people, failed(letters, "one", "two", "three"), FAILED=3)
    assert "DONE, 2 or more failed again" in text_of(people.vera, BATCHES)


def chips_of(user: User) -> dict[str, str]:
    links = re.findall(r'<a href="([^"]*)" ?>([^<]*)</a>', text_of(user, LETTERS))
    return {name: unescape(href) for href, name in links}


def test_common_questions_are_links_that_the_lists_answer(people: People, letters: Letters) -> None:
    [row, other] = failed(letters, "one thing", "another thing")
    batch = proposed(people, [row])
    for user in (people.ada, people.vera):  # the one has boxes to tick before the columns, the other none
        oldest = text_of(user, chips_of(user)["Waiting, oldest first"])
        assert oldest.index(f"{LETTERS}{row.pk}/") < oldest.index(f"{LETTERS}{other.pk}/")
    waits = f"{BATCHES}{batch.pk}/change/"
    assert waits in text_of(people.ada, chips_of(people.ada)["Batches to approve"])
    assert waits not in text_of(people.omar, BATCHES, by=OTHERS)
    assert "Batches to approve" not in chips_of(people.omar)


def test_a_letter_and_a_batch_tell_each_person_only_what_they_may_do(
    people: People, letters: Letters
) -> None:
    [row, other] = failed(letters, "not JSON", "not JSON")
    batch = proposed(people, [other])
    batch_approve(batch_id=batch.pk, actor=people.ada, reason="ok", set_hash=batch.set_hash)
    batch_pause(batch_id=batch.pk, actor=people.omar, reason="lunch")
    said = {
        people.vera: ("Your role cannot decide.", "An operator resumes or cancels it."),
        people.omar: ("Propose a redrive or discard it.", "Resume or cancel it."),
        people.ada: ("Propose a redrive, approve it for another or discard it.", "Resume or cancel it."),
    }
    for person, (of_letter, of_batch) in said.items():
        assert of_letter in text_of(person, f"{LETTERS}{row.pk}/change/")
        assert of_batch in text_of(person, f"{BATCHES}{batch.pk}/change/")


def test_what_needs_somebody_now_stands_above_what_is_more(people: People, letters: Letters) -> None:
    [one, *_] = failed(letters, "first", "second", "second")
    WorkerProcess.objects.create(
        id="w1", worker="analysis-worker", state="running", host="h", pid=1, heartbeat_at=timezone.now()
    )
    Cluster.objects.filter(pk=one.cluster_id).update(pending=0, failed_again=1)
    order = re.findall(r'id="dl-cause-(\d+)"', text_of(people.omar, CONSOLE))
    assert len(order) == 2 and order[0] == str(one.cluster_id)
