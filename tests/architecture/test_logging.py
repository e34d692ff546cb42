"""Each log line of ours has an `action`: a stable key for machines beside the sentence for people."""

import ast
from collections.abc import Iterator

from tests.architecture.source import Module, modules

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def lines_without_action(module: Module) -> Iterator[str]:
    """Log calls that lack it."""
    for node in ast.walk(module.tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LEVELS
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "log"
            and not any(keyword.arg in {"action", None} for keyword in node.keywords)
        ):
            yield f"{module.name}:{node.lineno}"


def test_every_log_line_has_a_stable_action() -> None:
    assert [place for module in modules() for place in lines_without_action(module)] == []


def test_only_logging_itself_and_the_kafka_client_know_the_standard_logger() -> None:
    allowed = {"heimdall_project/observability/logging.py", "heimdall_project/streams/broker/client.py"}
    knows = {module.name for module in modules() if "import logging\n" in module.text}
    assert knows - allowed == set()
