"""Exceptions become problems; what they say about themselves stays here."""

import json
from typing import Any

import pytest
from django.core.exceptions import DisallowedHost, PermissionDenied, RequestDataTooBig, ValidationError
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import exceptions as drf

from heimdall_project import errors
from heimdall_project.api.problems import Problem, encode, problem_for_status, problem_of

SECRET = "postgres://heimdall:hunter2@10.0.0.7:5432/heimdall"


@pytest.mark.parametrize(
    ("error", "status", "slug"),
    [
        (errors.NotFound("No such job."), 404, "not-found"),
        (errors.Forbidden("Not yours."), 403, "forbidden"),
        (errors.Conflict("It is done."), 409, "conflict"),
        (errors.Unprocessable("Another body."), 422, "unprocessable"),
        (errors.TransientError("Kafka", SECRET), 503, "unavailable"),
        (OperationalError(SECRET), 503, "unavailable"),
        (InterfaceError(SECRET), 503, "unavailable"),
        (DataError(SECRET), 400, "bad-request"),
        (RequestDataTooBig(SECRET), 413, "too-large"),
        (DisallowedHost(SECRET), 400, "bad-request"),
        (PermissionDenied(SECRET), 403, "forbidden"),
        (Http404(SECRET), 404, "not-found"),
        (drf.NotFound(SECRET), 404, "not-found"),
        (drf.MethodNotAllowed("PUT"), 405, "method-not-allowed"),
        (drf.UnsupportedMediaType("text/csv"), 415, "unsupported-media-type"),
    ],
)
def test_each_kind_of_error_has_its_problem_and_keeps_its_secrets(
    error: Exception, status: int, slug: str
) -> None:
    problem = problem_of(error)
    assert problem is not None and (problem.status, problem.slug) == (status, slug)
    assert "hunter2" not in str(problem)


@pytest.mark.parametrize("error", [RuntimeError(SECRET), KeyError("x"), AssertionError(), MemoryError()])
def test_faults_of_ours_have_no_problem_of_their_own(error: Exception) -> None:
    assert problem_of(error) is None


def test_what_is_down_says_when_to_come_again() -> None:
    down = problem_of(errors.Unavailable("Kafka is down.", retry_after=30))
    assert down is not None and down.headers == {"Retry-After": "30"}
    database = problem_of(OperationalError())
    assert database is not None and "Retry-After" in database.headers


def test_paths_of_a_refusal_are_listed() -> None:
    refused = errors.Refused("It does not fit.", errors={"items[2].name": "Too long."})
    problem = problem_of(refused)
    assert problem is not None
    members = problem.members(instance="/x", request_id="r")
    assert members["errors"] == [{"path": "items[2].name", "message": "Too long."}]


def test_errors_of_serializers_are_flattened_to_paths() -> None:
    detail: Any = {"name": ["Required."], "items": [{}, {"size": ["Not a number.", "Too large."]}]}
    problem = problem_of(drf.ValidationError(detail))
    assert problem is not None and problem.errors == (
        ("name", "Required."),
        ("items[1].size", "Not a number."),
        ("items[1].size", "Too large."),
    )


def test_errors_of_the_whole_stand_at_the_root() -> None:
    for error in (
        drf.ValidationError(["No."]),
        ValidationError("No."),
        drf.ValidationError({"non_field_errors": ["No."]}),
    ):
        problem = problem_of(error)
        assert problem is not None and problem.errors == (("$", "No."),)


@given(st.integers(300, 599), st.text(), st.text(), st.lists(st.tuples(st.text(), st.text())))
def test_every_problem_is_a_json_object_with_all_members(
    status: int, detail: str, instance: str, pairs: list[tuple[str, str]]
) -> None:
    plain = problem_for_status(status, detail)
    problem = Problem(status=status, slug=plain.slug, title=plain.title, detail=detail, errors=tuple(pairs))
    body: dict[str, Any] = json.loads(encode(problem, instance=instance, request_id="r"))
    assert body["status"] == status and body["instance"] == instance
    assert {"type", "title", "detail", "request_id"} <= set(body)
