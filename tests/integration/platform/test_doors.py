"""Both doors, as they are served: one database that is down, one stream across two ports."""

import base64
import json
import threading
from http.client import HTTPResponse

import pytest
from django.db import connection
from django.test import Client

from heimdall_project.accounts.models import User
from jobs.models import AnalysisJob
from tests.integration.platform.doors import STREAM, UNREACHABLE, WEB, door, this_database
from tests.integration.platform.proxy import proxied
from tests.people import PASSWORD

BASIC = "Basic " + base64.b64encode(f"omar:{PASSWORD}".encode()).decode()


def next_event(stream: HTTPResponse) -> dict[str, str]:
    """The next event, without comments and retry hints."""
    fields: dict[str, str] = {}
    while line := stream.readline().decode():
        name, _, value = line.rstrip("\n").partition(": ")
        if name in {"id", "event", "data"}:
            fields[name] = value
        elif not name and fields:
            return fields
    raise AssertionError("the stream ended")


def test_without_its_database_the_web_door_lives_answers_503_and_keeps_the_address_to_itself() -> None:
    with door(WEB, DATABASE_URL=UNREACHABLE) as web:
        assert web.get("/livez").status == 200
        status, body, answer = web.json("/api/v1/jobs", authorization=BASIC, x_request_id="r-1")
        assert (status, answer.headers["Retry-After"]) == (503, "5")
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert body["request_id"] == answer.headers["X-Request-Id"] == "r-1"
        status, ready, _ = web.json("/readyz")
        assert (status, ready["dependencies"]["postgresql"]["error"]) == (503, "OperationalError")
        assert "hunter2" not in json.dumps([body, ready])
        assert web.json("/stream/jobs/1")[0] == 421
        assert web.stop() == 0


def test_without_its_database_the_stream_door_answers_503() -> None:
    with door(STREAM, DATABASE_URL=UNREACHABLE) as stream:
        status, body, answer = stream.json("/stream/jobs/1", authorization=BASIC)
        assert (status, answer.headers["Retry-After"]) == (503, "5")
        assert "hunter2" not in json.dumps(body)


@pytest.fixture
def omar(transactional_db: None) -> User:
    """An operator whom another process can see."""
    from django.contrib.auth.models import Group

    from heimdall_project.accounts.roles import sync_roles

    sync_roles()
    user = User.objects.create_user("omar", password=PASSWORD, is_staff=True)
    user.groups.set(Group.objects.filter(name="operator"))
    return user


@pytest.fixture
def job(omar: User) -> AnalysisJob:
    """A job of his, by way of the API."""
    client = Client()
    client.force_login(omar)
    body = {"service_name": "shop", "environment": "test", "log_content": "ERROR db: refused"}
    answer = client.post("/api/v1/analysis/request", body, content_type="application/json")
    assert answer.status_code == 202, answer.content
    return AnalysisJob.objects.get(pk=answer.json()["analysis_id"])


def session_of(user: User) -> str:
    """A cookie as the browser of somebody who signed in at the web door sends it."""
    client = Client()
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}"


def test_a_page_of_the_web_door_follows_a_job_at_the_stream_door(omar: User, job: AnalysisJob) -> None:
    origin = "http://127.0.0.1:8000"
    with door(STREAM, DATABASE_URL=this_database(), CORS_ALLOWED_ORIGINS=origin) as served:
        stream = served.get(f"/stream/jobs/{job.pk}", cookie=session_of(omar), origin=origin)
        assert stream.headers["Access-Control-Allow-Origin"] == origin
        assert stream.headers["Access-Control-Allow-Credentials"] == "true"
        first = next_event(stream)
        assert first["event"] == "submitted"
        foreign = served.get(f"/stream/jobs/{job.pk}", cookie=session_of(omar), origin="http://evil.example")
        assert foreign.status == 403


def test_who_may_not_see_a_job_hears_nothing_of_it(omar: User, job: AnalysisJob) -> None:
    eve = User.objects.create_user("eve", password=PASSWORD)
    with door(STREAM, DATABASE_URL=this_database()) as served:
        status, body, _ = served.json(f"/stream/jobs/{job.pk}", cookie=session_of(eve))
        assert (status, body["type"]) == (404, "urn:heimdall:problem:not-found")
        assert served.json(f"/stream/jobs/{job.pk}", cookie="sessionid=forged")[0] == 401


def test_an_open_stream_does_not_hold_up_the_end_of_its_server(omar: User, job: AnalysisJob) -> None:
    with door(STREAM, DATABASE_URL=this_database()) as served:
        stream = served.get(f"/stream/jobs/{job.pk}", cookie=session_of(omar))
        next_event(stream)
        rest: list[bytes] = []
        reader = threading.Thread(target=lambda: rest.append(stream.read()))
        reader.start()
        assert served.stop() == 0
        reader.join(10)
        assert rest, "the client was left waiting"


def test_a_database_that_goes_and_comes_back_is_told_and_the_stream_goes_on(
    omar: User, job: AnalysisJob
) -> None:
    values = connection.settings_dict
    with (
        proxied(values["HOST"], int(values["PORT"])) as proxy,
        door(STREAM, DATABASE_URL=this_database(HOST="127.0.0.1", PORT=proxy.port)) as served,
    ):
        stream = served.get(f"/stream/jobs/{job.pk}", cookie=session_of(omar))
        first = next_event(stream)
        proxy.cut()
        away = next_event(stream)
        assert (away["event"], "id" in away) == ("trouble", False)
        later = job.transitions.latest("pk")
        later.pk = None
        later.save(force_insert=True)
        proxy.mend()
        assert next_event(stream)["event"] == "recovered"
        assert int(next_event(stream)["id"]) > int(first["id"])


def test_the_web_door_comes_back_with_its_database_and_half_of_a_job_is_never_made(omar: User) -> None:
    values = connection.settings_dict
    body = {"service_name": "shop", "environment": "test", "log_content": "ERROR db: refused"}
    session = session_of(omar)
    with (
        proxied(values["HOST"], int(values["PORT"])) as proxy,
        door(WEB, DATABASE_URL=this_database(HOST="127.0.0.1", PORT=proxy.port)) as web,
    ):
        assert web.json("/api/v1/jobs", cookie=session)[0] == 200
        proxy.cut()
        assert web.json("/api/v1/jobs", cookie=session)[0] == 503
        status, problem = web.post("/api/v1/analysis/request", body, cookie=session)
        assert (status, problem["type"]) == (503, "urn:heimdall:problem:unavailable")
        proxy.mend()
        assert web.json("/api/v1/jobs", cookie=session)[:2] == (
            200,
            {"next": None, "previous": None, "results": []},
        )
