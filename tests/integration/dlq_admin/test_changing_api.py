"""Dry runs, previews, edits, cleanup and files by the API."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from dlq_admin.models import BatchItem, Cluster, DeadLetter
from dlq_admin.services import OPEN_IN_WORDS
from tests.people import People

from .letters import Letters, index
from .test_acts_api import WHY, post
from .test_changing import DROP, GOOD, views

pytestmark = pytest.mark.django_db
__all__ = ["post"]


def get(client: Client, path: str, status: int = 200, **query: Any) -> Any:
    response = client.get(f"/api/v1/dlq{path}", query_params=query)
    assert response.status_code == status, response.content[:500]
    return response.json()


def test_a_set_is_tried_changed_looked_at_and_approved(letters: Letters, post: Any, client: Client) -> None:
    rows = views(letters, {"dwell_ms": 7}, {"content_id": ""})
    ids = [row.pk for row in rows]
    tried = post("/dry-run", {"ids": ids, "transform": DROP}, 200)
    assert (tried["passing"], tried["failing"], tried["after"]) == (1, 1, None)
    assert tried["letters"][1]["violations"][0]["path"] == "$.content_id"
    seen = post("/preview", {"ids": ids[:1], "transform": DROP}, 200)
    assert "dwell_ms" not in seen["letters"][0]["after"]["content"]
    batch = post("/batches", {"ids": ids, "transform": DROP, **WHY}, 201)
    assert (batch["size"], batch["change"], batch["break_glass"]) == (1, DROP, False)
    address = f"/batches/{batch['id']}"
    assert get(client, f"{address}/dry-run", limit=1)["passing"] == 1
    assert get(client, f"{address}/preview")["letters"][0]["passes"] is True
    post(f"{address}/approve", {"set_hash": batch["set_hash"], **WHY}, 200, who="ada")


def test_an_edit_is_proposed_and_what_does_not_fit_names_its_paths(letters: Letters, post: Any) -> None:
    [row] = views(letters, {"dwell_ms": 7})
    wrong = post(f"/{row.pk}/edit", {"value": json.dumps(GOOD | {"content_id": 7}), **WHY}, 422)
    assert [error["path"] for error in wrong["errors"]] == ["value.content_id"]
    assert post(f"/{row.pk}/edit", {"value": "!", "encoding": "base64", **WHY}, 400)["errors"]
    batch = post(f"/{row.pk}/edit", {"value": json.dumps(GOOD), **WHY}, 201)
    assert (batch["change"], batch["size"], batch["state"]) == ("edit", 1, "PROPOSED")


def test_nobody_breaks_a_glass_that_is_off(letters: Letters, post: Any) -> None:
    index(letters.failed(b"x"))
    batch = post("/batches", {"filters": {}, **WHY}, 201)
    body = {"set_hash": batch["set_hash"], "break_glass": True, **WHY}
    post(f"/batches/{batch['id']}/approve", body, 403)
    post(f"/batches/{batch['id']}/approve", body, 403, who="ada")
    post(f"/batches/{batch['id']}/approve", body | {"break_glass": "yes"}, 400, who="ada")


def test_several_are_sent_that_others_approved(letters: Letters, post: Any) -> None:
    index(letters.failed(b"x"), letters.failed(b"y"))
    one, two = DeadLetter.objects.order_by("pk")
    post("/approve", {"ids": [one.pk], **WHY}, 200, who="ada")
    done = post("/reprocess", {"ids": [one.pk, two.pk], **WHY}, 202)
    assert [batch["approved_by"] for batch in done["batches"]] == ["ada"]
    assert done["refused"][0] == {
        "id": two.pk,
        "status": 409,
        "detail": "It is PENDING: only what was approved, and is in no batch, is sent again.",
    }


def test_cleaning_up_is_tried_first_and_asked_for_in_words(letters: Letters, post: Any) -> None:
    index(letters.failed(b"x"))
    DeadLetter.objects.update(failed_at="2020-01-01T00:00:00Z", moved_at="2020-01-01T00:00:00Z")
    assert post("/cleanup", {"dry_run": True, **WHY}, 200, who="ada")["rows"] == 0
    wrong = post("/cleanup", {"open_too": True, **WHY}, 422, who="ada")
    assert [error["path"] for error in wrong["errors"]] == ["in_words"]
    body = {"open_too": True, "in_words": OPEN_IN_WORDS, **WHY}
    assert post("/cleanup", body, 200, who="ada")["rows"] == 1
    for days in ("7", -1, 1.5, True, 10**9):
        post("/cleanup", {"rows_older_than_days": days, **WHY}, 400, who="ada")


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/dry-run", {"limit": "0"}, "limit"),
        ("/dry-run", {"limit": "501"}, "limit"),
        ("/dry-run", {"after": "-1"}, "after"),
        ("/dry-run", {"after": "١"}, "after"),
        ("/preview", {"limit": "51"}, "limit"),
        ("/preview", {"page": "2"}, "page"),
        ("/report", {"format": "xml"}, "format"),
        ("/report", {"colour": "red"}, "colour"),
    ],
)
def test_a_page_that_does_not_fit_names_what_is_wrong(
    letters: Letters, post: Any, client: Client, path: str, query: dict[str, str], field: str
) -> None:
    index(letters.failed(b"x"))
    batch = post("/batches", {"filters": {}, **WHY}, 201)
    assert get(client, f"/batches/{batch['id']}{path}", 400, **query)["errors"][0]["path"] == field


def lines(client: Client, path: str, **query: Any) -> list[str]:
    response: Any = client.get(f"/api/v1/dlq{path}", query_params=query)
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode().splitlines()


def test_a_report_tells_the_outcome_of_each_letter_also_of_one_that_is_gone(
    letters: Letters, post: Any, client: Client, people: People
) -> None:
    index(letters.failed(b"x", headers=[("event_id", b"=1+1")]), letters.failed(b"y"))
    batch = post("/batches", {"filters": {}, **WHY}, 201)
    BatchItem.objects.order_by("pk").filter(letter__event_id="").update(state="FAILED", note="again")
    gone = DeadLetter.objects.get(event_id="")
    Cluster.objects.update(sample=None)
    gone.payload.delete()
    DeadLetter.objects.filter(pk=gone.pk).update(state="RESOLVED", redrive_id="r")
    client.force_login(people.vera)
    head, *rows = lines(client, f"/batches/{batch['id']}/report")
    assert head.startswith("letter,topic,partition") and len(rows) == 2 and "'=1+1" in rows[0]
    told = [json.loads(line) for line in lines(client, f"/batches/{batch['id']}/report", format="json")]
    assert [(each["outcome"], each["note"]) for each in told] == [("WAITING", ""), ("FAILED", "again")]
    with connection.cursor() as sql:
        sql.execute("SET LOCAL heimdall.purging = 'dead_letter_history'")
        sql.execute("DELETE FROM dead_letter_history WHERE letter_id = %s", [gone.pk])
        sql.execute("DELETE FROM dead_letters WHERE id = %s", [gone.pk])
    told = [json.loads(line) for line in lines(client, f"/batches/{batch['id']}/report", format="json")]
    assert (told[1]["letter"], told[1]["outcome"], told[1]["topic"]) == (gone.pk, "FAILED", None)


def test_the_list_is_a_file_with_the_same_filters(letters: Letters, people: People, client: Client) -> None:
    index(letters.failed(b"x"), letters.raw(b"y"))
    client.force_login(people.vera)
    assert len(lines(client, "/export")) == 3
    [row] = lines(client, "/export", topic="analysis.request", format="json")
    assert json.loads(row)["group"] == "heimdall.analysis-worker"


def test_a_cause_says_which_redrive_helped_before(
    letters: Letters, post: Any, client: Client, people: People
) -> None:
    index(letters.failed(b"x"))
    batch = post("/batches", {"filters": {}, **WHY}, 201)
    cluster = Cluster.objects.get()
    assert get(client, f"/clusters/{cluster.pk}")["came_back"] is False
    Cluster.objects.update(resolved_by=batch["id"], resolved_at="2020-01-01T00:00:00Z")
    told = get(client, f"/clusters/{cluster.pk}")
    assert (told["resolved_by"], told["came_back"]) == (batch["id"], True)
    assert len(get(client, "/clusters", came_back="true")["results"]) == 1
    assert get(client, "/clusters", came_back="false")["results"] == []
    assert get(client, "/stats")["clusters_back"] == 1


def test_transforms_are_offered(people: People, client: Client) -> None:
    client.force_login(people.vera)
    assert {"transform": DROP, "topic": "events.page_view.v1"}.items() <= next(
        each for each in get(client, "/transforms") if each["transform"] == DROP
    ).items()
