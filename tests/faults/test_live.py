"""The stream of all jobs while its database goes and comes back: real doors, a server of its own."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPResponse
from typing import Any

import psycopg
import pytest
from django.conf import settings

from docker.local import Postgres
from tests.integration.platform.doors import STREAM, WEB, Door, door
from tests.probe_workers.harness import eventually

DATABASE = "live"
BASIC = "Basic " + base64.b64encode(b"operator:heimdall-demo").decode()
BODY = {"log_content": "ERROR pool exhausted", "service_name": "orders", "environment": "test"}


@pytest.fixture
def environment(postgres: Postgres) -> Iterator[Any]:
    """What both doors need to stand on a database that the test may stop."""
    postgres.start()
    usual = postgres.instance.environment()["DATABASE_URL"]
    with psycopg.connect(usual, autocommit=True) as server:  # not the usual one: it gets demo users
        server.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {DATABASE}")
    found = {"DATABASE_URL": f"{usual.rpartition('/')[0]}/{DATABASE}", "DEBUG": "true"}
    for command in (("migrate", "--verbosity=0"), ("seed_demo",)):
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=settings.BASE_DIR,
            env=os.environ | found,
            check=True,
        )
    yield found
    postgres.start()


def heard(stream: HTTPResponse, name: str) -> dict[str, Any]:
    """The next event of this name."""
    fields: dict[str, str] = {}
    while line := stream.readline().decode():
        key, _, value = line.rstrip("\n").partition(": ")
        if key:
            fields[key] = value
            continue
        if fields.get("event") == name:
            told: dict[str, Any] = json.loads(fields["data"])
            return {**told, "position": fields.get("id")}
        fields = {}
    raise AssertionError(f"the stream ended before {name}")


def submit(web: Door) -> int:
    """The number of a new job; 0 where the door says no."""
    status, body = web.post("/api/v1/analysis/request", BODY, authorization=BASIC)
    return int(body["analysis_id"]) if status == 202 else 0


def accepted_again(web: Door) -> int:
    """The number of the first job that is accepted after an outage."""
    made: list[int] = []

    def tried() -> bool:
        made.append(submit(web))
        return made[-1] > 0

    eventually(tried, "a job is accepted again")
    return made[-1]


def test_a_database_that_stops_is_told_on_the_open_stream_which_misses_nothing(
    postgres: Postgres, environment: Any
) -> None:
    with door(WEB, **environment) as web, door(STREAM, **environment) as served:
        stream = served.get("/stream/jobs", authorization=BASIC)
        heard(stream, "ready")
        first = submit(web)
        assert heard(stream, "submitted")["analysis_id"] == first
        postgres.stop()
        assert "database" not in json.dumps(heard(stream, "trouble"))
        assert submit(web) == 0
        postgres.start()
        second = accepted_again(web)
        last = heard(stream, "submitted")
        assert last["analysis_id"] == second
        again = served.get("/stream/jobs", authorization=BASIC, last_event_id=last["position"])
        another = submit(web)
        assert heard(again, "submitted")["analysis_id"] == another
        assert heard(stream, "submitted")["analysis_id"] == another
