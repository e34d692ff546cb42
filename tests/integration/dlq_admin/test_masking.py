"""No secret of a record is seen by who may not see it, however it is written and wherever it is quoted."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dlq_admin.models import DeadLetter
from dlq_admin.services.changes import edit_checked
from heimdall_project.errors import Forbidden
from tests.people import People

from .letters import Letters, index

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "value",
    [
        "password=hunter2hunter2".encode("utf-16-le"),
        "password=hunter2hunter2".encode("utf-16-be"),
        b"\x0a\x0fhunter2hunter2\x12\x03ada",
        rb'{"pass\u0077ord": "hunter2hunter2"}',
        rb'{"inner": "{\"pass\\u0077ord\": \"hunter2hunter2\"}"}',
        json.dumps({"비밀번호": "hunter2hunter2"}).encode(),
    ],
    ids=["utf-16-le", "utf-16-be", "protobuf", "escaped", "escaped-twice", "korean"],
)
def test_no_other_way_to_write_a_secret_gets_by_the_mask(
    letters: Letters, people: People, client: Client, value: bytes
) -> None:
    index(letters.raw(value, [("x", value)], key=value))
    client.force_login(people.omar)
    shown = client.get(f"/api/v1/dlq/{DeadLetter.objects.get().pk}/payload")
    assert (
        shown.status_code == 200
        and shown["Cache-Control"] == "no-store"
        and b"hunter2" not in shown.content.replace(rb"\u0000", b"")
    )


def test_letters_written_as_escapes_keep_nobody_from_an_edit(letters: Letters, people: People) -> None:
    plain, secret = rb'{"name": "\uc548\ub155"}', rb'{"pass\u0077ord": "hunter2hunter2"}'
    index(letters.raw(plain), letters.raw(secret))
    first, second = DeadLetter.objects.order_by("pk")
    edit_checked(letter=first, value=b"{}", actor=people.omar)
    with pytest.raises(Forbidden):
        edit_checked(letter=second, value=b"{}", actor=people.omar)


@pytest.fixture
def quoted(letters: Letters) -> DeadLetter:
    """A letter whose error and key quote what only few may see, as somebody else's worker writes it."""
    error = b"cannot use password=hunter2hunter2 of ada@example.com"
    headers = [pair for pair in letters.failed(b"{}").headers or () if pair[0] != "error_message"]
    index(letters.raw(b"{}", [*headers, ("error_message", error)], key=b"ada@example.com"))
    return DeadLetter.objects.get()


@pytest.mark.parametrize(
    "path", ["", "/{pk}", "/{pk}/history", "/clusters", "/clusters/{cause}", "/export", "/export?format=json"]
)
def test_the_api_quotes_no_secret_of_a_record(
    quoted: DeadLetter, people: People, client: Client, path: str
) -> None:
    client.force_login(people.vera)
    answer: Any = client.get("/api/v1/dlq" + path.format(pk=quoted.pk, cause=quoted.cluster_id))
    _masked(b"".join(answer) if answer.streaming else answer.content)


@pytest.mark.parametrize(
    "name",
    [
        "deadletter_changelist",
        "deadletter_change",
        "deadletter_export",
        "cluster_changelist",
        "cluster_change",
        "console",
        "console_export",
    ],
)
def test_no_page_quotes_a_secret_of_a_record(
    quoted: DeadLetter, people: People, client: Client, name: str
) -> None:
    client.force_login(people.vera)
    number = {"deadletter_change": [quoted.pk], "cluster_change": [quoted.cluster_id]}.get(name)
    answer: Any = client.get(reverse(f"admin:dlq_admin_{name}", args=number))
    _masked(b"".join(answer) if answer.streaming else answer.content)


def _masked(told: bytes) -> None:
    assert b"email#1" in told and b"hunter2" not in told and b"ada@" not in told, told[:2000]
