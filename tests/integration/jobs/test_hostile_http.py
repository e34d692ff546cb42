"""Requests that nobody would send by mistake: each is a problem that names what is wrong, never a fault."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connections
from django.test import Client

from heimdall_project.accounts.models import User
from heimdall_project.accounts.roles import sync_roles
from heimdall_project.streams.models import OutboxMessage
from jobs.models import AnalysisAttempt, AnalysisJob, LogEntry
from jobs.services import Hop, result_apply
from tests.factories import LOG, make_answer, make_job, make_log
from tests.people import People

JSON = "application/json"
BODY = {"log_content": LOG, "service_name": "orders", "environment": "test"}
POSTS = ("analysis/request", "logs", "jobs/redrive", "jobs/1/cancel", "jobs/1/redrive")


@pytest.fixture
def omar(people: People) -> Client:
    """An operator, whose job 1 has failed."""
    client = Client(raise_request_exception=False)
    client.force_login(people.omar)
    job = make_job(people.omar)
    result_apply(event=make_answer(job.request_id, failure="timeout"), hop=Hop("analysis.result", 0, 1))
    return client


def path_of(route: str) -> str:
    """The address, with the number of the job that there is in place of 1."""
    return f"/api/v1/{route}".replace("/1/", f"/{AnalysisJob.objects.get().pk}/")


def is_problem(response: Any, *statuses: int) -> dict[str, Any]:
    assert response.status_code in statuses, (response.status_code, response.content[:300])
    assert response["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = json.loads(response.content)
    assert problem["status"] == response.status_code and problem["request_id"]
    return problem


RAW = {
    "empty": b"",
    "broken": b'{"reason": ',
    "trailing": b'{"reason": "x"} {}',
    "null": b"null",
    "a list": b"[]",
    "a number": b"7",
    "not utf-8": b'{"reason": "\xff\xfe"}',
    "utf-16": '{"reason": "x"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"reason": "x"}',
    "a key twice": b'{"reason": "a", "reason": "b"}',
    "nan": b'{"reason": NaN}',
    "infinity": b'{"reason": -Infinity}',
    "beyond floats": b'{"reason": 1e999}',
    "nul": b'{"reason": "a\\u0000b", "content": "a\\u0000b"}',
    "half a pair": b'{"reason": "\\ud800", "content": "\\ud800"}',
    "a key of half a pair": b'{"\\udfff": 1}',
    "deep": b'{"reason": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "a long number": b'{"reason": ' + b"9" * 5000 + b"}",
    "unknown fields": b'{"reason": "x", "admin": true, "__proto__": {}}',
    "wrong types": b'{"reason": {"a": []}, "content": 7, "log_id": "1", "ids": 7}',
    "form data": b"reason=x&content=x",
}


@pytest.mark.django_db
@pytest.mark.parametrize("route", POSTS)
@pytest.mark.parametrize("raw", RAW.values(), ids=RAW.keys())
def test_a_hostile_body_is_refused_and_changes_nothing(omar: Client, route: str, raw: bytes) -> None:
    before = (AnalysisAttempt.objects.count(), LogEntry.objects.count(), OutboxMessage.objects.count())
    problem = is_problem(omar.post(path_of(route), raw, content_type=JSON), 400)
    assert problem.get("errors") or problem["detail"].startswith("The body is")
    assert before == (
        AnalysisAttempt.objects.count(),
        LogEntry.objects.count(),
        OutboxMessage.objects.count(),
    )


@pytest.mark.django_db
@pytest.mark.parametrize("route", POSTS)
@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/jsonx", "", "\xff"],
)
def test_another_content_type_is_refused(omar: Client, route: str, kind: str) -> None:
    is_problem(omar.post(path_of(route), b'{"reason": "x"}', content_type=kind), 415)


@pytest.mark.django_db
@pytest.mark.parametrize("route", POSTS)
def test_a_body_beyond_the_bound_is_refused_whatever_it_claims(omar: Client, route: str) -> None:
    is_problem(omar.post(path_of(route), b" " * 3_000_000, content_type=JSON), 413)


@pytest.mark.django_db
@pytest.mark.parametrize("route", POSTS)
def test_a_hundred_thousand_keys_are_refused_in_few_words(omar: Client, route: str) -> None:
    raw = ("{" + ",".join(f'"k{n}": 1' for n in range(100_000)) + "}").encode()
    response = omar.post(path_of(route), raw, content_type=JSON)
    errors = is_problem(response, 400)["errors"]
    assert len(errors) == 101 and errors[-1]["message"].endswith(" more.")
    assert len(response.content) < 20_000


@pytest.mark.django_db
@pytest.mark.parametrize("route", POSTS)
def test_a_million_keys_are_more_than_a_body_may_hold(omar: Client, route: str) -> None:
    raw = ("{" + ",".join(f'"k{n}":1' for n in range(1_000_000)) + "}").encode()
    is_problem(omar.post(path_of(route), raw, content_type=JSON), 413)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", [f"{2**63}", f"{2**64}", "0", "9" * 400, "-1", "1.0", "0x1", "١", "1%00", "%F0%9F", "..%2f1"]
)
@pytest.mark.parametrize("route", ["jobs/{}", "jobs/{}/timeline", "analysis/result/{}", "logs/{}"])
def test_an_absurd_number_in_an_address_is_not_there(omar: Client, route: str, name: str) -> None:
    is_problem(omar.get(f"/api/v1/{route.format(name)}"), 404, 400)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        BODY | {"callback_topic": "nowhere"},
        BODY | {"callback_topic": "analysis.request"},
        BODY | {"callback_topic": "dlq.failed"},
        BODY | {"callback_topic": "../analysis.result"},
        BODY | {"priority": "critical"},
        BODY | {"metadata": {"x": "y" * 9000}},
        BODY | {"language": "k" * 36},
        BODY | {"correlation_id": "a\nb"},
        {"log_id": 2**63},
        {"log_id": -1},
        {"log_id": 1.0},
    ],
    ids=str,
)
def test_a_request_that_does_not_fit_names_its_one_wrong_field(omar: Client, body: dict[str, Any]) -> None:
    problem = is_problem(omar.post("/api/v1/analysis/request", json.dumps(body), content_type=JSON), 400)
    wrong = body.keys() - BODY.keys()
    assert {error["path"] for error in problem["errors"]} == wrong


@pytest.mark.django_db
def test_a_foreign_log_is_not_there(people: People) -> None:
    foreign = make_log(people.ada)
    people.eve.user_permissions.set(Permission.objects.filter(codename="add_analysisjob"))
    client = Client()
    client.force_login(people.eve)
    body = json.dumps({"log_id": foreign.pk})
    problem = is_problem(client.post("/api/v1/analysis/request", body, content_type=JSON), 404)
    assert problem["errors"] == [{"path": "log_id", "message": "There is no such log entry."}]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "headers",
    [
        {"Idempotency-Key": ""},
        {"Idempotency-Key": "a b"},
        {"Idempotency-Key": "k" * 201},
        {"Idempotency-Key": "ключ"},
    ],
    ids=["empty", "a blank", "long", "not ascii"],
)
@pytest.mark.parametrize("route", ["analysis/request", "jobs/redrive", "jobs/1/redrive"])
def test_a_key_without_sense_is_named(omar: Client, route: str, headers: dict[str, str]) -> None:
    sent = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    response = omar.post(path_of(route), json.dumps(BODY), content_type=JSON, headers=sent)
    problem = is_problem(response, 400)
    assert [error["path"] for error in problem["errors"]] == ["Idempotency-Key"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "headers",
    [
        {"X-Request-Id": "x\x01y"},
        {"X-Request-Id": "x" * 10_000},
        {"traceparent": "00-zz-zz-01"},
        {"traceparent": "x" * 10_000},
        {"Accept": "x/y;q=nan"},
        {"Accept-Language": "*" * 5000},
        {"X-Forwarded-For": "," * 5000},
        {"If-Modified-Since": "never"},
        {"Range": "bytes=-1"},
        {"Cookie": "sessionid=" + "x" * 5000 + "; =;;="},
        {"Authorization": "Basic ===="},
        {"Authorization": "Basic " + "eDp4" * 2000},
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic AAA6AAA="},
    ],
    ids=lambda headers: next(f"{name} {value[:12]!r}" for name, value in headers.items()),
)
def test_no_header_is_a_fault(omar: Client, headers: dict[str, str]) -> None:
    response = omar.get("/api/v1/jobs", headers=headers)
    assert response.status_code < 500, response.content
    assert response["X-Request-Id"].isprintable() and len(response["X-Request-Id"]) <= 128
    if response.status_code >= 400:
        is_problem(response, 400, 401, 403, 406)


@pytest.fixture
def operator(transactional_db: None) -> Iterator[User]:
    """An operator whom other threads see."""
    sync_roles()
    user = User.objects.create_user("omar")
    user.groups.set(Group.objects.filter(name="operator"))
    yield user


def at_once(user: User, path: str, body: object, key: str) -> list[Any]:
    """The same request from fifty threads."""

    def ask(_: int) -> Any:
        try:
            client = Client()
            client.force_login(user)
            return client.post(path, json.dumps(body), content_type=JSON, headers={"Idempotency-Key": key})
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=50) as pool:
        return list(pool.map(ask, range(50)))


def test_fifty_twins_at_once_make_one_job(operator: User) -> None:
    answers = at_once(operator, "/api/v1/analysis/request", BODY, "twins")
    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [202]
    assert len({answer.json()["analysis_id"] for answer in answers}) == 1
    assert AnalysisJob.objects.count() == LogEntry.objects.count() == OutboxMessage.objects.count() == 1


def test_fifty_redrives_at_once_begin_one_attempt(operator: User) -> None:
    job = make_job(operator)
    result_apply(event=make_answer(job.request_id, failure="timeout"), hop=Hop("analysis.result", 0, 1))
    answers = at_once(operator, f"/api/v1/jobs/{job.pk}/redrive", {"reason": "all at once"}, "twins")
    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [202]
    assert AnalysisAttempt.objects.filter(job=job).count() == 2
