"""Who may do what at each address of the API, as one table.

The table walks the URL conf: an address or method without a row fails, and so does a row without an address.
The operator's part is tried in full by `test_schemathesis.py`.
"""

import json
import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from heimdall_project.accounts.models import User
from ingestion.receipts import receipt_of
from jobs.models import AnalysisJob
from jobs.services import Hop, result_apply
from tests.factories import LOG, make_answer, make_batch, make_dead_letter, make_job, make_log
from tests.integration.ingestion.stored import view
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("takes_events")]
ROLES = ("anonymous", "eve", "vera", "omar", "ada", "root")
"""Nobody; an account without a role; a viewer; an operator; an approver; a superuser."""
WHY = {"reason": "as the table says"}
NEW = {"log_content": LOG, "service_name": "orders", "environment": "test"}
VIEW = {"content_id": "c", "user_id": "", "event_type": "view", "occurred_at": "2026-11-21T09:15:02Z"}
ENTRY = {"content": LOG, "service_name": "orders", "environment": "test"}


class Row(NamedTuple):
    """One address and method: the status that each role gets, on what somebody else owns."""

    method: str
    route: str
    statuses: tuple[int, int, int, int, int, int]
    body: Any = None


OPEN = (200,) * 6
SENDS = (401, 403, 403, 202, 202, 202)
SEES_OWN = (401, 200, 200, 200, 200, 200)
"""Lists: whoever is signed in gets one, of the own or of all."""
SEES_ALL = (401, 404, 200, 200, 200, 200)
"""What is another's is not there, but for those who may view all."""
SEES_WITH_A_ROLE = (401, 403, 200, 200, 200, 200)
"""What belongs to nobody, for those who may view it."""
TABLE = (
    Row("POST", "analysis/request", (401, 403, 403, 202, 202, 202), NEW),
    Row("GET", "analysis/result/<int:analysis_id>", SEES_ALL),
    Row("GET", "jobs", SEES_OWN),
    Row("GET", "jobs/export", SEES_OWN),
    Row("GET", "jobs/stats", SEES_OWN),
    Row("POST", "jobs/redrive", (401, 403, 403, 200, 200, 200), {"filters": {}, "dry_run": True}),
    Row("GET", "jobs/<int:pk>", SEES_ALL),
    Row("GET", "jobs/<int:pk>/timeline", SEES_ALL),
    Row("POST", "jobs/<int:pk>/cancel", (401, 404, 403, 200, 200, 200), WHY),
    Row("POST", "jobs/<int:pk>/redrive", (401, 403, 403, 202, 202, 202), WHY),
    Row("GET", "logs", SEES_OWN),
    Row("POST", "logs", (401, 403, 403, 201, 201, 201), ENTRY),
    Row("GET", "logs/export", SEES_OWN),
    Row("GET", "logs/<int:pk>", SEES_ALL),
    Row("GET", "ingest/events", (401, 403, 400, 400, 400, 400)),  # which one is not said
    Row("GET", "ingest/events/<path:event_id>", SEES_WITH_A_ROLE),
    Row("GET", "ingest/export", SEES_WITH_A_ROLE),
    Row("GET", "ingest/stats", SEES_WITH_A_ROLE),
    Row("POST", "ingest/events", SENDS, VIEW),
    Row("POST", "ingest/events/batch", SENDS, [VIEW]),
    Row("GET", "ingest/receipts/<str:receipt>", SEES_WITH_A_ROLE),
    Row("GET", "ingest/ledger", SEES_WITH_A_ROLE),
    Row("GET", "ingest/ledger/export", SEES_WITH_A_ROLE),
    Row("GET", "dlq", SEES_WITH_A_ROLE),
    Row("POST", "dlq/approve", (401, 403, 403, 403, 200, 200), {"ids": [1], **WHY}),
    Row("POST", "dlq/reprocess", (401, 403, 403, 422, 422, 422), {"ids": [2**62], **WHY}),
    Row("POST", "dlq/dry-run", (401, 403, 403, 200, 200, 200), {"ids": [2**62]}),
    Row("POST", "dlq/preview", (401, 403, 403, 200, 200, 200), {"ids": [1], "transform": "strip-nul/1"}),
    Row("GET", "dlq/transforms", SEES_WITH_A_ROLE),
    Row("POST", "dlq/cleanup", (401, 403, 403, 403, 200, 200), {"dry_run": True, **WHY}),
    Row("GET", "dlq/export", SEES_WITH_A_ROLE),
    Row("GET", "dlq/batches", SEES_WITH_A_ROLE),
    Row("POST", "dlq/batches", (401, 403, 403, 422, 422, 422), {"ids": [2**62], **WHY}),
    Row("GET", "dlq/batches/<int:pk>", SEES_WITH_A_ROLE),
    Row("GET", "dlq/batches/<int:pk>/items", SEES_WITH_A_ROLE),
    Row("GET", "dlq/batches/<int:pk>/dry-run", SEES_WITH_A_ROLE),
    Row("GET", "dlq/batches/<int:pk>/preview", (401, 403, 403, 200, 200, 200)),
    Row("GET", "dlq/batches/<int:pk>/report", SEES_WITH_A_ROLE),
    Row("POST", "dlq/batches/<int:pk>/approve", (401, 403, 403, 403, 409, 409), {"set_hash": "x", **WHY}),
    Row("POST", "dlq/batches/<int:pk>/reject", (401, 403, 403, 403, 200, 200), WHY),
    Row("POST", "dlq/batches/<int:pk>/pause", (401, 403, 403, 409, 409, 409), WHY),
    Row("POST", "dlq/batches/<int:pk>/resume", (401, 403, 403, 409, 409, 409), WHY),
    Row("POST", "dlq/batches/<int:pk>/cancel", (401, 403, 403, 200, 200, 200), WHY),
    Row("POST", "dlq/batches/<int:pk>/give-up", (401, 403, 403, 409, 409, 409), WHY),
    Row("GET", "dlq/clusters", SEES_WITH_A_ROLE),
    Row("GET", "dlq/clusters/<int:pk>", SEES_WITH_A_ROLE),
    Row("GET", "dlq/stats", SEES_WITH_A_ROLE),
    Row("GET", "dlq/<int:pk>", SEES_WITH_A_ROLE),
    Row("GET", "dlq/<int:pk>/payload", (401, 403, 403, 200, 200, 200)),
    Row("GET", "dlq/<int:pk>/history", SEES_WITH_A_ROLE),
    Row("POST", "dlq/<int:pk>/approve", (401, 403, 403, 403, 409, 409), WHY),
    Row("POST", "dlq/<int:pk>/discard", (401, 403, 403, 200, 200, 200), WHY),
    Row("POST", "dlq/<int:pk>/edit", (401, 403, 403, 409, 409, 409), {"value": "{}", **WHY}),
    Row("POST", "dlq/<int:pk>/reprocess", (401, 403, 403, 409, 409, 409), WHY),
    Row("GET", "schema", OPEN),
    Row("GET", "docs", OPEN),
)
OF_CLICKHOUSE = {"ingest/events/<path:event_id>", "ingest/export", "ingest/stats"}
EVENT = 17
"""Id of an event that is stored."""
KEYS = [f"{row.method} {row.route}" for row in TABLE]


def routes(resolver: URLResolver, prefix: str = "") -> dict[str, Any]:
    """Every address of the REST framework below a resolver, with its view."""
    found: dict[str, Any] = {}
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern).removeprefix("^").removesuffix("/?$")
        if isinstance(pattern, URLResolver):
            found |= routes(pattern, route)
        elif isinstance(pattern, URLPattern) and (view := getattr(pattern.callback, "cls", None)):
            found[route.removeprefix("api/v1/")] = view
    return found


def test_every_address_and_method_has_a_row_and_every_row_an_address() -> None:
    methods = ("get", "post", "put", "patch", "delete")
    there = {
        f"{method.upper()} {route}"
        for route, view in routes(get_resolver()).items()
        for method in methods
        if hasattr(view, method)
    }
    assert there == set(KEYS) and len(KEYS) == len(set(KEYS))


@pytest.fixture
def clients(people: People) -> dict[str, Client]:
    """A client for each role."""
    root = User.objects.create_superuser("root", password=None)
    users = {"anonymous": AnonymousUser(), **people._asdict(), "root": root}
    made = {}
    for role in ROLES:
        made[role] = Client()
        if isinstance(user := users[role], User):
            made[role].force_login(user)
    return made


def foreign(row: Row, owner: User) -> int:
    """Something of somebody else, in the state that the address asks for."""
    if row.route in OF_CLICKHOUSE:
        return EVENT
    if row.route.startswith("logs"):
        return make_log(owner).pk
    if row.route.startswith("dlq"):
        if "batches" in row.route:
            return make_batch(owner).pk
        letter = make_dead_letter()
        return letter.cluster_id if "clusters" in row.route else letter.pk
    job: AnalysisJob = make_job(owner)
    if row.route.endswith("redrive"):
        result_apply(event=make_answer(job.request_id, failure="timeout"), hop=Hop("analysis.result", 0, 1))
    return job.pk


PARAMETERS = ("<int:pk>", "<int:analysis_id>", "<path:event_id>")


def address_of(row: Row, pk: int) -> str:
    """The address, of something that there is."""
    receipt = receipt_of("events.page_view.v1", [(0, pk)], issued_at=int(time.time())).text
    address = f"/api/v1/{row.route}".replace("<str:receipt>", receipt)
    for parameter in PARAMETERS:
        address = address.replace(parameter, str(pk))
    return address


def ask(client: Client, row: Row, pk: int) -> Any:
    if row.method == "GET":
        return client.get(address_of(row, pk))
    return client.post(address_of(row, pk), json.dumps(row.body), content_type="application/json")


@pytest.mark.parametrize("row", TABLE, ids=KEYS)
def test_each_role_gets_what_the_table_says(
    clients: dict[str, Client], row: Row, request: pytest.FixtureRequest
) -> None:
    if row.route in OF_CLICKHOUSE:
        request.getfixturevalue("store").store([view(str(EVENT))], at=datetime.now(UTC))
    owner = User.objects.create_user("owner")
    answers = {role: ask(clients[role], row, foreign(row, owner)) for role in ROLES}
    assert tuple(answers[role].status_code for role in ROLES) == row.statuses
    for answer in answers.values():
        if answer.status_code >= 400:
            assert answer["Content-Type"] == "application/problem+json"
    if row.statuses[0] == 401:
        assert answers["anonymous"]["WWW-Authenticate"] == 'Basic realm="heimdall"'


@pytest.mark.parametrize("route", ["jobs", "logs", "jobs/export", "logs/export", "jobs/stats"])
def test_a_list_holds_only_the_own_for_who_may_not_view_all(clients: dict[str, Client], route: str) -> None:
    owner = User.objects.create_user("owner")
    make_job(owner), make_log(owner)
    answer = clients["eve"].get(f"/api/v1/{route}")
    if route.endswith("export"):
        assert answer["X-Export-Rows"] == "0"
    else:
        body = answer.json()
        assert (body["total"] if route.endswith("stats") else len(body["results"])) == 0


@pytest.mark.parametrize("row", TABLE, ids=KEYS)
def test_a_method_that_an_address_does_not_take_is_405(clients: dict[str, Client], row: Row) -> None:
    taken = {other.method for other in TABLE if other.route == row.route}
    address = address_of(row, 1)
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - taken:
        answer = clients["root"].generic(method, address, "{}", content_type="application/json")
        assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json"), method
