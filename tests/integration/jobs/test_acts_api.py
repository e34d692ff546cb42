"""Cancelling and redriving over HTTP: who may, what is answered, and what is told about it afterwards."""

import json
from typing import Any

import pytest
from django.test import Client

from heimdall_project.accounts.models import AuditEvent
from jobs.models import AnalysisAttempt, AnalysisJob, JobTransition
from jobs.services import Hop, LogDraft, result_apply
from tests.factories import LOG, make_answer, make_claim, make_job
from tests.people import People

pytestmark = pytest.mark.django_db
HOP = Hop("analysis.result", 0, 1)
WHY = {"reason": "the endpoint is back"}


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def omar(people: People) -> Client:
    """An operator: he may cancel and redrive, whoever owns the job."""
    return signed_in(people.omar)


def post(client: Client, path: str, body: object = WHY, **headers: str) -> Any:
    return client.post(
        f"/api/v1/jobs/{path}", json.dumps(body), content_type="application/json", headers=headers
    )


def failed(owner: Any, failure: str = "model_unavailable", **request: Any) -> AnalysisJob:
    job = make_job(owner, **request)
    result_apply(event=make_answer(job.request_id, failure=failure), hop=HOP)
    return job


def status(job: AnalysisJob) -> str:
    return AnalysisJob.objects.values_list("status", flat=True).get(pk=job.pk)


# --- cancel


def test_an_open_job_is_cancelled_with_its_reason(omar: Client, people: People) -> None:
    job = make_job(people.eve)
    make_claim(job)
    answer = post(omar, f"{job.pk}/cancel")
    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, "CANCELLED")
    assert [attempt["outcome"] for attempt in body["attempts"]] == ["cancelled"]
    line = JobTransition.objects.filter(job=job).last()
    assert line is not None and (line.actor, line.note) == ("omar", WHY["reason"])
    assert AuditEvent.objects.filter(action="job.cancel", actor="omar").count() == 2


def test_an_owner_without_any_right_cancels_the_own_job_and_no_other(people: People) -> None:
    eve, own, foreign = signed_in(people.eve), make_job(people.eve), make_job(people.omar)
    assert post(eve, f"{own.pk}/cancel").status_code == 200
    assert post(eve, f"{foreign.pk}/cancel").status_code == 404
    assert status(foreign) == "PENDING"


def test_who_may_only_look_cancels_nothing(people: People) -> None:
    job = make_job(people.eve)
    assert post(signed_in(people.vera), f"{job.pk}/cancel").status_code == 403
    assert status(job) == "PENDING"


def test_cancelling_twice_is_fine_and_an_ended_job_is_a_conflict(omar: Client, people: People) -> None:
    job, ended = make_job(people.eve), failed(people.eve)
    assert [post(omar, f"{job.pk}/cancel").status_code for _ in range(2)] == [200, 200]
    assert JobTransition.objects.filter(job=job, event="cancelled").count() == 1
    conflict = post(omar, f"{ended.pk}/cancel")
    assert (conflict.status_code, conflict["Content-Type"]) == (409, "application/problem+json")


@pytest.mark.parametrize("act", ["cancel", "redrive"])
@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "reason"),
        ({"reason": " "}, "reason"),
        ({"reason": 7}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "x", "force": True}, "force"),
        ([], "$"),
    ],
    ids=str,
)
def test_an_act_needs_a_reason(omar: Client, people: People, act: str, body: object, path: str) -> None:
    answer = post(omar, f"{failed(people.eve).pk}/{act}", body)
    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == [path]


@pytest.mark.parametrize("act", ["cancel", "redrive"])
def test_a_job_that_is_not_there_is_not_found(omar: Client, act: str) -> None:
    statuses = [post(omar, f"{pk}/{act}").status_code for pk in (4_000_000_000, 2**63, 10**30, 0)]
    assert statuses == [404] * 4


# --- redrive


def test_a_failed_job_is_sent_again_as_a_new_attempt_with_lineage(omar: Client, people: People) -> None:
    job = failed(people.eve)
    answer = post(omar, f"{job.pk}/redrive")
    assert (answer.status_code, answer.json()["attempt"], answer.json()["status"]) == (202, 2, "PENDING")
    shown = omar.get(f"/api/v1/jobs/{job.pk}").json()
    first, second = shown["attempts"]
    assert (first["origin"], first["outcome"], first["failure_class"]) == (
        "submitted",
        "failed",
        "model_unavailable",
    )
    assert (second["origin"], second["previous"], second["begun_by"], second["reason"]) == (
        "redriven",
        1,
        "omar",
        WHY["reason"],
    )
    assert shown["request_id"] == second["request_id"] == answer.json()["request_id"]
    assert omar.get(f"/api/v1/analysis/result/{job.pk}").json()["attempt"] == 2


def test_the_same_key_begins_one_attempt(omar: Client, people: People) -> None:
    job = failed(people.eve)
    first = post(omar, f"{job.pk}/redrive", **{"Idempotency-Key": "k"})
    again = post(omar, f"{job.pk}/redrive", **{"Idempotency-Key": "k"})
    assert (first.status_code, again.status_code, again["Idempotency-Replayed"]) == (202, 200, "true")
    assert first.json()["request_id"] == again.json()["request_id"]
    other = post(omar, f"{job.pk}/redrive", {"reason": "another"}, **{"Idempotency-Key": "k"})
    assert other.status_code == 422
    assert AnalysisAttempt.objects.filter(job=job).count() == 2


def test_the_key_of_another_person_or_job_is_another_key(people: People) -> None:
    one, other = failed(people.eve), failed(people.eve)
    omar, ada = signed_in(people.omar), signed_in(people.ada)
    for job in (one, other):
        assert post(omar, f"{job.pk}/redrive", **{"Idempotency-Key": "k"}).status_code == 202
    assert post(ada, f"{one.pk}/redrive", **{"Idempotency-Key": "k"}).status_code == 409


def test_what_is_open_or_has_its_result_is_a_conflict(omar: Client, people: People) -> None:
    opened, done = make_job(people.eve), make_job(people.eve)
    result_apply(event=make_answer(done.request_id), hop=HOP)
    assert [post(omar, f"{job.pk}/redrive").status_code for job in (opened, done)] == [409, 409]


def test_an_owner_without_the_right_redrives_nothing(people: People) -> None:
    job = failed(people.eve)
    answer = post(signed_in(people.eve), f"{job.pk}/redrive")
    assert answer.status_code == 403 and "jobs.redrive_analysisjob" in answer.json()["detail"]


# --- many


def test_a_preview_says_what_would_be_sent_and_why_it_failed(omar: Client, people: People) -> None:
    away, _ = failed(people.eve), failed(people.eve, "no_evidence")
    make_job(people.eve)
    body = post(omar, "redrive", {"filters": {}, "dry_run": True}).json()
    assert (body["redrivable"], body["left_alone"], body["redriven"]) == (2, {}, [])
    groups = {group["failure_class"]: group for group in body["groups"]}
    assert groups["model_unavailable"]["sample"][0]["analysis_id"] == away.pk
    assert groups["model_unavailable"]["redrive_helps"] and not groups["no_evidence"]["redrive_helps"]
    assert groups["no_evidence"]["hint"].startswith("Submit a log")
    assert status(away) == "FAILED"


def test_jobs_are_sent_again_by_filters(omar: Client, people: People) -> None:
    other = LogDraft(content=LOG, service_name="payments", environment="test")
    here, there = failed(people.eve), failed(people.eve, log=other)
    body = post(omar, "redrive", WHY | {"filters": {"service": "payments", "status": ["FAILED"]}}).json()
    assert [each["analysis_id"] for each in body["redriven"]] == [there.pk]
    assert (status(here), status(there)) == ("FAILED", "PENDING")


def test_what_is_wrong_with_one_job_of_many_is_told_for_it(omar: Client, people: People) -> None:
    ready, opened = failed(people.eve), make_job(people.eve)
    body = post(omar, "redrive", WHY | {"ids": [ready.pk, opened.pk, 4_000_000_000]}).json()
    assert [each["analysis_id"] for each in body["redriven"]] == [ready.pk]
    assert [(each["analysis_id"], each["status"]) for each in body["refused"]] == [
        (opened.pk, 409),
        (4_000_000_000, 404),
    ]
    assert body["left_alone"] == {"PENDING": 1}


def test_the_same_key_sends_many_once(omar: Client, people: People) -> None:
    jobs = [failed(people.eve).pk for _ in range(2)]
    for replayed in (None, "true"):
        answer = post(omar, "redrive", WHY | {"ids": jobs}, **{"Idempotency-Key": "k"})
        assert [each["attempt"] for each in answer.json()["redriven"]] == [2, 2]
        assert answer.get("Idempotency-Replayed") == replayed
    other = post(omar, "redrive", {"reason": "another", "ids": jobs}, **{"Idempotency-Key": "k"})
    assert other.status_code == 422
    assert AnalysisAttempt.objects.count() == 4


def test_a_key_needs_jobs_by_name_because_a_filter_finds_others_the_next_time(
    omar: Client, people: People
) -> None:
    failed(people.eve)
    answer = post(omar, "redrive", WHY | {"filters": {}}, **{"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "filters")
    assert AnalysisAttempt.objects.count() == 1


def test_more_than_one_call_takes_are_left_for_the_next(
    omar: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.views.acts.REDRIVE_MOST", 2)
    jobs = [failed(people.eve).pk for _ in range(3)]
    first = post(omar, "redrive", WHY | {"filters": {}}).json()
    assert ([each["analysis_id"] for each in first["redriven"]], first["remaining"]) == (jobs[:2], 1)
    second = post(omar, "redrive", WHY | {"filters": {}}).json()
    assert ([each["analysis_id"] for each in second["redriven"]], second["remaining"]) == (jobs[2:], 0)


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, {"ids", "filters"}),
        (WHY | {"ids": [1], "filters": {}}, {"ids", "filters"}),
        ({"ids": [1]}, {"reason"}),
        (WHY | {"ids": []}, {"ids"}),
        (WHY | {"ids": ["1"]}, {"ids[0]"}),
        (WHY | {"ids": [1] * 501}, {"ids"}),
        (WHY | {"filters": []}, {"filters"}),
        (WHY | {"filters": {"state": "FAILED", "since": "x"}}, {"filters.state", "filters.since"}),
        (WHY | {"filters": {"status": "DONE", "service": ["a"]}}, {"filters.status", "filters.service"}),
        (WHY | {"filters": {"status": [7]}}, {"filters.status"}),
        (WHY | {"filters": {"status": {"a": 1}}}, {"filters.status"}),
        (WHY | {"ids": [2**63]}, {"ids[0]"}),
    ],
    ids=str,
)
def test_a_choice_of_jobs_that_does_not_fit_is_refused(omar: Client, body: object, paths: set[str]) -> None:
    answer = post(omar, "redrive", body)
    assert answer.status_code == 400, answer.content
    assert {error["path"] for error in answer.json()["errors"]} == paths
