"""One person, all rights, every path: nothing that somebody proposed or approved goes out without another."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from dlq_admin.models import DeadLetter, RedriveBatch
from dlq_admin.services import Pace, batch_propose, letter_approve
from heimdall_project.accounts.models import User
from tests.people import PASSWORD, People

from .letters import Letters, index
from .test_admin_pages import BATCHES, LETTERS, client_of

pytestmark = pytest.mark.django_db(transaction=True)
WHY = {"reason": "nobody will notice"}
FORM = {"_form_submitted": "on", **WHY}
API = "/api/v1/dlq"


class Alone:
    """A person with every right: one batch that they proposed, one letter that they approved."""

    def __init__(self, letters: Letters) -> None:
        self.user = User.objects.create_superuser("boss", password=PASSWORD)
        self.client: Client = client_of(self.user)
        index(*(letters.failed(b"%d" % number) for number in range(3)))
        one, two, self.approved = DeadLetter.objects.order_by("pk").values_list("pk", flat=True)
        why = WHY["reason"]
        self.batch = batch_propose(letter_ids=[one, two], actor=self.user, reason=why, pace=Pace())
        letter_approve(letter_id=self.approved, actor=self.user, reason=why)
        self.signature = {**WHY, "set_hash": self.batch.set_hash}

    def post(self, path: str, body: dict[str, Any]) -> int:
        """By the API; answers the status."""
        return self.client.post(f"{API}{path}", json.dumps(body), content_type="application/json").status_code

    def submit(self, path: str, **form: Any) -> str:
        """By a page of the admin; answers what it shows."""
        answer = self.client.post(path, {**FORM, **form}, follow=True)
        return answer.content.decode()


def by_the_change_form(alone: Alone) -> None:
    """The pages of Django itself, with every field that a batch has."""
    fields = {"state": "RUNNING", "approved_by": str(alone.user.pk), "approved_hash": alone.batch.set_hash}
    assert alone.client.post(f"{BATCHES}{alone.batch.pk}/change/", fields).status_code == 403
    assert alone.client.post(f"{BATCHES}add/", fields).status_code == 403
    assert alone.client.post(f"{LETTERS}{alone.approved}/change/", {"state": "PUBLISHED"}).status_code == 403


def refused(status: int, path: str, **body: Any) -> Callable[[Alone], None]:
    """By the API, where that must be the answer."""

    def send(alone: Alone) -> None:
        named = path.format(batch=alone.batch.pk, letter=alone.approved)
        given = {**WHY, "set_hash": alone.batch.set_hash, **body} if "approve" in path else {**WHY, **body}
        if "ids" in given:
            given["ids"] = [alone.approved]
        assert alone.post(named, given) == status

    return send


def by_page(path: str, **form: str) -> Callable[[Alone], None]:
    """By a page of the admin, which must say why not, or know of no such page for this person."""

    def send(alone: Alone) -> None:
        names = {"batch": alone.batch.pk, "letter": alone.approved, "set_hash": alone.batch.set_hash}
        shown = alone.submit(path.format(**names), **{k: v.format(**names) for k, v in form.items()})
        assert "nother person" in shown

    return send


def by_command(*arguments: str) -> Callable[[Alone], None]:
    """From a terminal."""

    def run(alone: Alone) -> None:
        names = {"batch": alone.batch.pk, "letter": alone.approved, "set_hash": alone.batch.set_hash}
        with pytest.raises(CommandError, match=r"403|422"):
            call_command("dlq", *(each.format(**names) for each in arguments), "--reason", WHY["reason"])

    return run


PATHS: dict[str, Callable[[Alone], None]] = {
    "api: a batch": refused(403, "/batches/{batch}/approve"),
    "api: a batch, glass broken": refused(403, "/batches/{batch}/approve", break_glass=True),
    "api: a batch that is let go on": refused(409, "/batches/{batch}/resume"),
    "api: a letter": refused(403, "/{letter}/reprocess"),
    "api: letters": refused(422, "/reprocess", ids=[]),
    "api: letters by filter": refused(422, "/reprocess", filters={"state": ["APPROVED"]}),
    "admin: a batch": by_page(BATCHES + "{batch}/approve/", set_hash="{set_hash}"),
    "admin: a letter": by_page(LETTERS + "{letter}/reprocess/"),
    "admin: letters": by_page(LETTERS + "send/", letter="{letter}:1"),
    "admin: the forms of Django": by_the_change_form,
    "command: a batch": by_command("approve", "{batch}", "--set-hash", "{set_hash}"),
    "command: a batch, glass broken": by_command(
        "approve", "{batch}", "--set-hash", "{set_hash}", "--break-glass"
    ),
    "command: a letter": by_command("redrive", "{letter}"),
}


@pytest.fixture
def alone(letters: Letters, people: People, live_server: LiveServer, settings: Settings) -> Alone:
    """That person, also at a terminal."""
    settings.HEIMDALL_URL, settings.HEIMDALL_USER = live_server.url, "boss"
    settings.HEIMDALL_PASSWORD = PASSWORD
    return Alone(letters)


def test_nobody_sends_alone_by_any_path(alone: Alone) -> None:
    for path, take in PATHS.items():
        take(alone)
        batch = RedriveBatch.objects.get()
        assert (batch.state, batch.approved_by) == ("PROPOSED", None), path
        states = DeadLetter.objects.filter(batch=None).order_by("pk").values_list("state", flat=True)
        assert list(states) == ["PENDING", "PENDING", "APPROVED"], path
