"""`manage.py dlq`: the same rights and the same trail as by the API, since it goes through it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from dlq_admin.models import BatchItem, DeadLetter, RedriveBatch
from dlq_admin.services import letter_approve, letter_discard
from heimdall_project.accounts.models import AuditEvent
from tests.people import PASSWORD, People

from .letters import Letters, index
from .test_changing import DROP, views

pytestmark = pytest.mark.django_db(transaction=True)
type Dlq = Callable[..., str]
WHY = ("--reason", "the worker is repaired")


@pytest.fixture
def dlq(
    live_server: LiveServer, settings: Settings, people: People, capsys: pytest.CaptureFixture[str]
) -> Dlq:
    """Runs the command as somebody."""
    settings.HEIMDALL_URL, settings.HEIMDALL_PASSWORD = live_server.url, PASSWORD

    def run(*arguments: object, who: str = "omar") -> str:
        settings.HEIMDALL_USER = who
        call_command("dlq", *map(str, arguments))
        return capsys.readouterr().out

    return run


def test_letters_are_listed_shown_and_counted(dlq: Dlq, letters: Letters) -> None:
    index(letters.failed(b'{"a": 1}'), letters.failed(b"y"), letters.raw(b"z"))
    row = DeadLetter.objects.order_by("pk").first()
    assert row
    assert len(dlq("list").splitlines()) == 4
    assert len(dlq("list", "--limit", 1).splitlines()) == 2
    assert len(json.loads(dlq("--json", "list", "--topic", "analysis.request"))) == 2
    shown = dlq("show", row.pk, "--payload")
    assert "InvalidMessage" in shown and "indexed" in shown and '{"a": 1}' in shown
    assert AuditEvent.objects.acts().get(action="dlq.payload.read").actor == "omar"
    assert "PENDING       3" in dlq("stats")
    assert len(dlq("clusters").splitlines()) == 3


def test_what_every_action_takes_stands_before_it_or_behind_it(
    dlq: Dlq, letters: Letters, settings: Settings
) -> None:
    index(letters.failed(b"x"))
    url, settings.HEIMDALL_URL = settings.HEIMDALL_URL, "http://127.0.0.1:1"
    told = [
        json.loads(dlq("--url", url, "--user", "omar", "--json", "list", who="")),
        json.loads(dlq("list", "--json", "--user", "omar", "--url", url, who="")),
        json.loads(dlq("--json", "list", "--url", url)),
    ]
    assert [[row["state"] for row in rows] for rows in told] == [["PENDING"]] * 3


def test_one_proposes_another_approves_and_reads_the_report(dlq: Dlq, letters: Letters) -> None:
    rows = views(letters, {"dwell_ms": 7}, {"content_id": ""})
    tried = dlq("propose", rows[0].pk, rows[1].pk, "--transform", DROP, "--dry-run", *WHY)
    assert "passing  1" in tried and "$.content_id" in tried and not RedriveBatch.objects.exists()
    said = dlq("--json", "propose", "--topic", "events.page_view.v1", "--transform", DROP, "--rate", 5, *WHY)
    batch: dict[str, Any] = json.loads(said)
    assert (batch["size"], batch["rate"], batch["proposed_by"]) == (1, 5.0, "omar")
    given = ("approve", batch["id"], "--set-hash", batch["set_hash"], *WHY)
    with pytest.raises(CommandError, match="403"):
        dlq(*given)
    assert "passing" in dlq("approve", batch["id"], "--dry-run", *WHY, who="ada")
    assert "RUNNING" in dlq(*given, who="ada")
    assert "waiting" in dlq("batch", batch["id"])
    assert dlq("report", batch["id"]).startswith("letter,topic")
    assert json.loads(dlq("--json", "report", batch["id"]))["outcome"] == "WAITING"


def test_without_a_terminal_nobody_approves_what_was_not_looked_at(dlq: Dlq, letters: Letters) -> None:
    index(letters.failed(b"x"))
    dlq("propose", "--state", "PENDING", *WHY)
    with pytest.raises(CommandError, match="--set-hash"):
        dlq("approve", RedriveBatch.objects.get().pk, *WHY, who="ada")


def test_letters_that_another_approved_are_sent(dlq: Dlq, letters: Letters, people: People) -> None:
    index(letters.failed(b"x"), letters.failed(b"y"))
    one, two = DeadLetter.objects.order_by("pk")
    letter_approve(letter_id=one.pk, actor=people.ada, reason="seen")
    said = dlq("redrive", one.pk, two.pk, *WHY)
    assert "RUNNING" in said and "It is PENDING" in said
    assert BatchItem.objects.get().letter_id == one.pk


def test_cleaning_up_counts_first(dlq: Dlq, letters: Letters, people: People) -> None:
    index(letters.failed(b"x"))
    letter_discard(letter_id=DeadLetter.objects.get().pk, actor=people.omar, reason="x")
    DeadLetter.objects.update(moved_at="2020-01-01T00:00:00Z")
    given = ("cleanup", "--rows-older-than-days", 30, *WHY)
    with pytest.raises(CommandError, match="403"):
        dlq(*given)
    assert "1 letters would be deleted" in dlq(*given, "--dry-run", who="ada")
    assert "1 letters deleted" in dlq(*given, who="ada")
    assert AuditEvent.objects.acts().get(action="dlq.cleanup").actor == "ada"


def test_a_mistake_is_told_in_plain_words(dlq: Dlq, settings: Settings, letters: Letters) -> None:
    for arguments, words in [
        (("show", 7), "404 Not found"),
        (("propose", 7, *WHY), "422"),
        (("propose", *WHY), "Give ids or filters"),
        (("propose", 7, "--topic", "x", *WHY), "not both"),
        (("list", "--since", "yesterday"), "since"),
        (("cleanup", "--open-too", *WHY), "403"),
    ]:
        with pytest.raises(CommandError, match=words):
            dlq(*arguments)
    settings.HEIMDALL_PASSWORD = "wrong"
    with pytest.raises(CommandError, match="does not know omar"):
        dlq("list")
    with pytest.raises(CommandError, match="Set HEIMDALL_USER"):
        dlq("list", who="")
    for url, words in [("http://127.0.0.1:1", "does not answer"), ("file:///etc/passwd", "no address")]:
        with pytest.raises(CommandError, match=words):
            dlq("--url", url, "list")


def test_what_a_terminal_would_obey_is_shown_and_not_obeyed(dlq: Dlq, letters: Letters) -> None:
    index(letters.failed(b"\x1b[2Jx", headers=[("event_id", b"\x1b[31m")]))
    row = DeadLetter.objects.get()
    assert "\x1b" not in dlq("show", row.pk, "--payload") and "\x1b" not in dlq("list")
