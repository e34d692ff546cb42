"""The API against its own document: made-up requests, fitting and not, of an operator.

Nothing but documented answers may come: no 5xx, the documented status, content type and schema, and every
error as problem+json. Seeded by the names of the operations, so that a run is like the one before. Event
streams are not in the document; the other roles stand in `test_permission_matrix.py`.
"""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.db.models import Model
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dlq_admin.models import Cluster, DeadLetter, RedriveBatch
from jobs.models import AnalysisJob, LogEntry
from jobs.services import Hop, result_apply
from tests.factories import make_answer, make_batch, make_claim, make_job, make_log
from tests.integration.ingestion.stored import Store, view
from tests.people import PASSWORD, People

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]
BASIC = "Basic " + base64.b64encode(f"omar:{PASSWORD}".encode()).decode()
SCHEMA = schemathesis.openapi.from_wsgi("/api/v1/schema?format=json", WSGIHandler())
OPERATIONS: dict[str, Any] = {}
for each in SCHEMA.get_all_operations():
    operation: Any = each.ok()  # type: ignore[union-attr]
    OPERATIONS[operation.label] = operation
EXAMPLES = 25
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SEEDED = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=EXAMPLES,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Requests stay on the connection, and in the transaction, of their test."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def furnished(people: People, one_connection: None, takes_events: None, store: Store) -> None:
    """Jobs in every state, log entries and an event, so that not everything is a 404."""
    store.store([view("known")], at=datetime.now(UTC))
    make_job(people.omar), make_claim(make_job(people.eve)), make_log(people.omar), make_batch(people.ada)
    for failure in ("", "model_timeout", "no_evidence"):
        answer = make_answer(make_job(people.omar).request_id, failure=failure)
        result_apply(event=answer, hop=Hop("analysis.result", 0, 1))


def known_ids(name: str) -> st.SearchStrategy[int | str]:
    """Ids that exist, of what the address is about; of a job by default."""
    if name.startswith("/api/v1/ingest"):
        return st.just("known")
    kinds: dict[str, type[Model]] = {
        "logs": LogEntry,
        "dlq/clusters": Cluster,
        "dlq/batches": RedriveBatch,
        "dlq": DeadLetter,
    }
    kind = next((k for part, k in kinds.items() if name.startswith(f"/api/v1/{part}")), AnalysisJob)
    return st.sampled_from(sorted(kind._default_manager.values_list("pk", flat=True)))


@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value
)
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_as_documented(furnished: None, label: str, mode: GenerationMode) -> None:
    operation = OPERATIONS[label]

    @SEEDED
    @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
    def check(case: Any, data: st.DataObject) -> None:
        if case.path_parameters and data.draw(st.booleans()):
            known = data.draw(known_ids(operation.path))
            case.path_parameters = dict.fromkeys(case.path_parameters, known)
        before = transaction.savepoint()
        response = case.call(headers={"Authorization": BASIC})
        transaction.savepoint_rollback(before)  # each request finds the same furniture
        case.validate_response(response, checks=CHECKS)
        if response.status_code >= 400:
            assert response.headers["content-type"] == ["application/problem+json"]
            problem = response.json()
            assert problem["status"] == response.status_code
            assert response.status_code != 400 or case.method != "GET" or problem.get("errors"), (
                f"no field is named: {case.query} {problem}"
            )

    check()
