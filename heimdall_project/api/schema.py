"""The OpenAPI document: every operation tells the problems that it can answer with."""

from collections.abc import Iterator, Sequence
from typing import Any

from drf_spectacular.authentication import BasicScheme

from .problems import CONTENT_TYPE, PROBLEM_REFERENCE, Problem, invalid, problem_for_status

METHODS = ("get", "post", "put", "patch", "delete")
PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail", "instance", "request_id", "trace_id"],
    "properties": {
        "type": {"type": "string", "format": "uri", "example": "urn:heimdall:problem:not-found"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "Path of the request."},
        "request_id": {"type": "string", "description": "Also in the header X-Request-Id and in the logs."},
        "trace_id": {
            "type": "string",
            "description": "W3C trace: also in the header X-Trace-Id, in the logs and on the job.",
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "message"],
                "properties": {"path": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
_MEANINGS = {
    "400": "The request does not fit.",
    "401": "Not signed in.",
    "403": "The right is missing.",
    "404": "There is no such thing.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "500": "A fault of ours.",
    "503": "A dependency is down; see Retry-After.",
}


class OurBasicScheme(BasicScheme):  # type: ignore[no-untyped-call]  # a plug-in: registered by existing
    """Basic authentication in the document."""

    target_class = "heimdall_project.api.authentication.BasicAuthentication"


def canonical_only(endpoints: Sequence[tuple[Any, ...]], **_: Any) -> list[tuple[Any, ...]]:
    """Preprocessing hook of drf-spectacular: leave out addresses that answer without the API's root too."""
    return [each for each in endpoints if each[0].startswith("/api/v1/")]


def document_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing hook of drf-spectacular: add the problem response to each operation.

    Choices stay where they are used; named components for them would need a table of names.
    """
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for path, item in result.get("paths", {}).items():
        for method in METHODS:
            if operation := item.get(method):
                for status in _possible(path, operation):
                    operation["responses"].setdefault(status, _response(status))
                _show_problems(path, operation["responses"])
    _without_hints(result)
    return result


def _show_problems(path: str, responses: dict[str, Any]) -> None:
    """Give each problem a sample."""
    for status, response in responses.items():
        for kind, content in response.get("content", {}).items():
            if kind == CONTENT_TYPE:
                content.setdefault("examples", {"Problem": {"value": _sample(int(status), path)}})


def _sample(status: int, path: str) -> dict[str, object]:
    wrong = [("since", "Enter a valid date/time.")]
    problem: Problem = invalid(wrong) if status == 400 else problem_for_status(status)
    instance = path.replace("{id}", "17").replace("{analysis_id}", "17")
    return problem.members(instance=instance, request_id="4f1c0c2f3b9a4d0f8f5f0a6d2f7e9b11") | {
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"
    }


def _without_hints(node: Any) -> None:
    """Take out what drf-spectacular leaves for its own hook."""
    if isinstance(node, dict):
        node.pop("x-spec-enum-id", None)
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _without_hints(inner)


def _possible(path: str, operation: dict[str, Any]) -> Iterator[str]:
    has_body = "requestBody" in operation
    if has_body or operation.get("parameters"):
        yield "400"
    yield from ("401", "403")
    if "{" in path:
        yield "404"
    if has_body:
        yield from ("413", "415")
    yield from ("500", "503")


def _response(status: str) -> dict[str, Any]:
    content = {CONTENT_TYPE: {"schema": PROBLEM_REFERENCE}}
    return {"description": _MEANINGS[status], "content": content}
