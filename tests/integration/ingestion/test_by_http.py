"""Generated events and the examples of the documentation, through the real door and the real writer."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group
from django.core.management import call_command
from pytest_django import Settings

from heimdall_project.accounts.models import User
from heimdall_project.accounts.roles import sync_roles
from heimdall_project.clients import clickhouse
from heimdall_project.clients.clickhouse import ClickHouse
from ingestion.generator.truth import Truth
from tests.integration.platform.doors import WEB, Door, door, this_database
from tests.people import PASSWORD
from tests.probe_workers.harness import run_consumer

from .world import ONE, send_to, view, view_bytes

EXAMPLES = Path(django_settings.BASE_DIR) / "docs/examples"
FAULTS = "dup=0.05,restamp=0.05,conflict=0.05,poison=0.05,late=0.05,future=0.05,no_id=0.05"


class Running(NamedTuple):
    """A door, and the tables that the writer behind it fills."""

    web: Door
    tables: ClickHouse
    environment: dict[str, str]
    """Of programs that send."""

    def run(self, *command: str) -> Any:
        """A program that sends, to its end."""
        return subprocess.run(
            [sys.executable, *command],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def stored(self) -> set[str]:
        """Ids of the events that readers see."""
        return {str(row["event_id"]) for row in self.tables.rows("SELECT event_id FROM page_views FINAL")}


@pytest.fixture
def running(transactional_db: None, own_topics: str, settings: Settings, tmp_path: Path) -> Iterator[Running]:
    """Door, writer and tables of this test, and an operator who sends."""
    address, name = os.environ["CLICKHOUSE_URL"], f"http_{uuid4().hex[:8]}"
    settings.CLICKHOUSE_URL = urlunsplit(urlsplit(address)._replace(path=f"/{name}"))
    settings.HEIMDALL_USER, settings.HEIMDALL_PASSWORD = "omar", PASSWORD
    clickhouse.client.cache_clear()
    call_command("migrate_clickhouse", skip_checks=True)
    sync_roles()
    hashed = PBKDF2PasswordHasher().encode(PASSWORD, "salt-of-a-test", iterations=1000)  # as doors hash
    User.objects.create(username="omar", password=hashed).groups.set(Group.objects.filter(name="operator"))
    environment = {
        "KAFKA_TOPIC_PREFIX": own_topics,
        "KAFKA_GROUP_PREFIX": own_topics,
        "CLICKHOUSE_URL": settings.CLICKHOUSE_URL,
        "WRITER_BATCH_SECONDS": "0.2",
    }
    sender = {"HEIMDALL_USER": "omar", "HEIMDALL_PASSWORD": PASSWORD}
    with (
        run_consumer(tmp_path, "clickhouse-writer", **environment),
        door(WEB, DATABASE_URL=this_database(), **environment) as web,
    ):
        url = {"HEIMDALL_URL": f"http://127.0.0.1:{web.port}"}
        yield Running(web, clickhouse.client(), sender | url)
    clickhouse.client.cache_clear()
    ClickHouse(url=address).command(f"DROP DATABASE IF EXISTS {name} SYNC")


def test_what_is_generated_by_http_is_stored_as_its_truth_says(
    running: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = tmp_path / "truth.json"
    where = f"--http={running.environment['HEIMDALL_URL']}"
    call_command(
        "generate_events", "--count=1500", "--flat-out", where, f"--faults={FAULTS}", f"--truth={truth}"
    )
    known = Truth.from_json(truth.read_bytes())
    assert known.unknown.records == known.unsent == 0
    call_command("check_truth", str(truth), "--wait", "60")
    assert "All of it is there, once." in capsys.readouterr().out
    assert len(running.stored()) == known.known.events


def test_the_examples_send_and_tell_what_became_of_it(running: Running, tmp_path: Path) -> None:
    sent = [view(event_id=f"sent-{number}") for number in range(25)]
    events = tmp_path / "events.ndjson"
    events.write_text("\n".join(map(json.dumps, [*sent, view(event_type="stare"), view(content_id="")])))
    told = running.run(str(EXAMPLES / "send_events.py"), str(events), "--stored", "--batch", "10")
    assert told.returncode == 1, told.stderr
    *invalid, figures = told.stderr.splitlines()
    assert figures == "25 accepted, 2 do not fit"
    paths = [[error["path"] for error in json.loads(each)["errors"]] for each in invalid]
    assert paths == [["event_type"], ["content_id"]]
    assert running.stored() == {event["event_id"] for event in sent}

    loaded = running.run(
        str(EXAMPLES / "load_events.py"), "--clients", "2", "--seconds", "1", "--batch", "20"
    )
    assert loaded.returncode == 0 and "events/s accepted" in loaded.stdout, loaded
    answers = loaded.stdout.partition("by answer: ")[2].splitlines()[0]
    [(status, number)] = json.loads(answers.replace("'", '"')).items()
    assert status == "202"

    answer = send_to(running.web.port, view_bytes("last"), f"{ONE}?durability=stored")
    assert answer.startswith(b"HTTP/1.1 200") and b'"durability":"stored"' in answer.replace(b": ", b":")
    assert "last" in running.stored()
    call_command("check_ledger", "--json")
    assert int(number) >= 20
