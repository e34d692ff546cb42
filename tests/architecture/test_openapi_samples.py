"""Every operation shows what to send and what comes back, and the samples fit their schemas."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from drf_spectacular.generators import SchemaGenerator

from heimdall_project.api.problems import CONTENT_TYPE

METHODS = ("get", "post", "put", "patch", "delete")
OPERATION_IDS = {
    "analysis_request",
    "analysis_result",
    "dlq_approve",
    "dlq_approve_many",
    "dlq_batches_approve",
    "dlq_batches_cancel",
    "dlq_batches_give_up",
    "dlq_batches_dry_run",
    "dlq_batches_get",
    "dlq_batches_items",
    "dlq_batches_list",
    "dlq_batches_pause",
    "dlq_batches_preview",
    "dlq_batches_propose",
    "dlq_batches_reject",
    "dlq_batches_report",
    "dlq_batches_resume",
    "dlq_cleanup",
    "dlq_clusters_get",
    "dlq_discard",
    "dlq_clusters_list",
    "dlq_dry_run",
    "dlq_edit",
    "dlq_export",
    "dlq_get",
    "dlq_history",
    "dlq_list",
    "dlq_payload",
    "dlq_preview",
    "dlq_reprocess",
    "dlq_reprocess_many",
    "dlq_stats",
    "dlq_transforms",
    "ingest_event",
    "ingest_event_by_query",
    "ingest_export",
    "ingest_ledger",
    "ingest_ledger_export",
    "ingest_receipt",
    "ingest_send",
    "ingest_send_batch",
    "ingest_stats",
    "jobs_cancel",
    "jobs_export",
    "jobs_get",
    "jobs_list",
    "jobs_redrive",
    "jobs_redrive_many",
    "jobs_stats",
    "jobs_timeline",
    "logs_create",
    "logs_export",
    "logs_get",
    "logs_list",
}
"""Clients are generated from these names: one may come, none may change."""
DOCUMENT: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
OPERATIONS = {
    operation["operationId"]: operation
    for item in DOCUMENT["paths"].values()
    for method, operation in item.items()
    if method in METHODS
}


def strict(node: Any) -> Any:
    """A schema of OpenAPI 3.0 as JSON Schema: nullable becomes a type, references stay."""
    if isinstance(node, list):
        return [strict(each) for each in node]
    if not isinstance(node, dict):
        return node
    inner = {name: strict(each) for name, each in node.items() if name != "nullable"}
    return {"anyOf": [inner, {"type": "null"}]} if node.get("nullable") else inner


def validator(schema: dict[str, Any]) -> Any:
    """Checks values against a schema of the document."""
    whole = {**strict(schema), "components": strict(DOCUMENT["components"])}
    return jsonschema_rs.validator_for(whole, validate_formats=True)


def contents(operation: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What is sent and what comes back: a name, the content type and the content."""
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield "request", kind, content
    for status, response in operation["responses"].items():
        for kind, content in response.get("content", {}).items():
            yield status, kind, content


def test_the_names_of_operations_stay() -> None:
    assert set(OPERATIONS) == OPERATION_IDS


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_operation_shows_samples_that_fit(name: str) -> None:
    for part, kind, content in contents(OPERATIONS[name]):
        samples = content.get("examples", {})
        assert samples, f"{part} {kind} has no sample"
        check = validator(content["schema"])
        for sample in samples.values():
            problems = [
                f"{error.instance_path}: {error.message}" for error in check.iter_errors(sample["value"])
            ]
            assert not problems, (part, problems)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_error_of_an_operation_is_a_problem_of_its_status(name: str) -> None:
    for status, response in OPERATIONS[name]["responses"].items():
        if status >= "400":
            [(kind, content)] = response["content"].items()
            assert kind == CONTENT_TYPE
            assert {sample["value"]["status"] for sample in content["examples"].values()} == {int(status)}
