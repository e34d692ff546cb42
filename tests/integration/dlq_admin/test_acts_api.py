"""Deciding about dead letters by the API: one proposes, another approves."""

import json
from typing import Any

import pytest
from django.test import Client

from dlq_admin.models import DeadLetter, RedriveBatch
from tests.people import People

from .letters import Letters, index

pytestmark = pytest.mark.django_db
WHY = {"reason": "the worker is repaired"}


@pytest.fixture
def post(people: People, client: Client) -> Any:
    """POST as somebody."""

    def send(path: str, body: dict[str, Any], status: int, *, who: str = "omar") -> Any:
        client.force_login(getattr(people, who))
        response = client.post(f"/api/v1/dlq{path}", json.dumps(body), content_type="application/json")
        assert response.status_code == status, response.content[:500]
        return response.json()

    return send


def test_one_approves_a_letter_and_another_sends_it(letters: Letters, post: Any) -> None:
    index(letters.failed(b"x"))
    pk = DeadLetter.objects.get().pk
    assert post(f"/{pk}/approve", WHY, 200, who="ada")["state"] == "APPROVED"
    assert "another person" in post(f"/{pk}/reprocess", WHY, 403, who="ada")["detail"]
    batch = post(f"/{pk}/reprocess", WHY, 202)
    assert (batch["state"], batch["proposed_by"], batch["approved_by"]) == ("RUNNING", "omar", "ada")
    assert batch["progress"] == {"waiting": 1, "under_way": 0, "resolved": 0, "failed": 0, "skipped": 0}
    assert post(f"/{pk}/discard", WHY, 409)["title"] == "Conflict"


def test_several_are_approved_each_for_itself(letters: Letters, post: Any) -> None:
    index(letters.failed(b"x"), letters.raw(b"y"))
    known, unknown = DeadLetter.objects.order_by("-origin_known")
    body = post("/approve", {"ids": [known.pk, unknown.pk], **WHY}, 200, who="ada")
    assert body["approved"] == [known.pk] and body["refused"][0]["status"] == 409


def test_a_batch_goes_from_its_proposal_to_its_end(
    letters: Letters, post: Any, client: Client, people: People
) -> None:
    index(*(letters.failed(b"%d" % n) for n in range(4)), letters.raw(b"other"))
    cluster = DeadLetter.objects.filter(origin_known=True)[0].cluster_id
    batch = post("/batches", {"filters": {"cluster": str(cluster), "state": ["PENDING"]}, **WHY}, 201)
    assert (batch["state"], batch["size"], batch["needs_second"]) == ("PROPOSED", 4, False)
    address, approval = f"/batches/{batch['id']}", {"set_hash": batch["set_hash"], **WHY}
    post(f"{address}/approve", approval, 403)
    assert "not the set" in post(f"{address}/approve", approval | {"set_hash": "x"}, 409, who="ada")["detail"]
    assert post(f"{address}/approve", approval, 200, who="ada")["state"] == "RUNNING"
    assert post(f"{address}/pause", WHY, 200)["state"] == "PAUSED"
    assert post(f"{address}/resume", WHY, 200)["state"] == "RUNNING"
    assert post(f"{address}/cancel", WHY, 200)["progress"]["skipped"] == 4
    items = client.get(f"/api/v1/dlq{address}/items").json()
    assert {item["state"] for item in items} == {"SKIPPED"} and len(items) == 4
    listed = client.get("/api/v1/dlq/batches", query_params={"state": "CANCELLED"}).json()["results"]
    assert [each["id"] for each in listed] == [batch["id"]]


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, ["reason"]),
        ({"reason": "x"}, ["ids", "filters"]),
        ({"reason": "x", "ids": [1], "filters": {}}, ["ids", "filters"]),
        ({"reason": 7, "ids": [1]}, ["reason"]),
        ({"reason": "x", "ids": []}, ["ids"]),
        ({"reason": "x", "ids": ["1"]}, ["ids[0]"]),
        ({"reason": "x", "ids": [2**63]}, ["ids[0]"]),
        ({"reason": "x", "filters": {"colour": "red"}}, ["filters.colour"]),
        ({"reason": "x", "filters": {"cluster": 7}}, ["filters.cluster"]),
        ({"reason": "x", "filters": {"state": "GONE"}}, ["filters.state"]),
        ({"reason": "x", "ids": [1], "rate": 0}, ["rate"]),
        ({"reason": "x", "ids": [1], "rate": "fast"}, ["rate"]),
        ({"reason": "x", "ids": [1], "rate": 1e300}, ["rate"]),
        ({"reason": "x", "ids": [1], "canary": 0}, ["canary"]),
        ({"reason": "x", "ids": [1], "most_failures": 1.5}, ["most_failures"]),
        ({"reason": "x", "ids": [1], "most_lag": 2**70}, ["most_lag"]),
        ({"reason": "x", "ids": [1], "surprise": 1}, ["surprise"]),
    ],
    ids=str,
)
def test_a_proposal_that_does_not_fit_names_what_is_wrong(
    post: Any, body: dict[str, Any], paths: list[str]
) -> None:
    assert [error["path"] for error in post("/batches", body, 400)["errors"]] == paths
    assert not RedriveBatch.objects.exists()


@pytest.mark.parametrize(
    "address", ["/1/approve", "/1/discard", "/1/reprocess", "/approve", "/batches", "/batches/1/approve"]
)
@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"null", b'{"reason": NaN}', b'{"reason": "a\\u0000"}', b'{"reason": "x', b"\xff"]
)
def test_a_hostile_body_is_refused(people: People, client: Client, address: str, raw: bytes) -> None:
    client.force_login(people.ada)
    response = client.post(f"/api/v1/dlq{address}", raw, content_type="application/json")
    assert response.status_code == 400 and response["Content-Type"] == "application/problem+json"
