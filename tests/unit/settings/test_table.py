"""The documented settings are those of the code, and the shipped defaults those of the design."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from heimdall_project.management.commands.settings_table import declared

ROOT = Path(settings.BASE_DIR)
SHIPPED = {
    "DEBUG": "False",
    "COOKIE_SECURE": "True",
    "KAFKA_COMPRESSION": "gzip",
    "KAFKA_GROUP_PREFIX": "heimdall.",
    "KAFKA_SESSION_TIMEOUT": "30.0",
    "KAFKA_REPLICATION_FACTOR": "1",
    "WORKER_DRAIN_BUDGET": "20.0",
    "WORKER_HEARTBEAT": "2.0",
    "OUTBOX_LEASE": "15.0",
    "FLOOD_FIRST": "20",
    "IDEMPOTENCY_RETENTION": "86400.0",
    "STREAM_HEARTBEAT": "15.0",
    "STREAM_MAX_CLIENTS": "200",
    "JOB_LEASE": "60.0",
    "JOB_RETENTION": "7776000.0",
    "JOB_ATTEMPTS": "3",
    "JOB_RETRY_BACKOFF": "5.0",
    "JOB_QUEUE_DEADLINE": "86400.0",
    "ANALYSIS_PROVIDER": "rule-based",
    "ANALYSIS_FALLBACK": "False",
    "MODEL_MAX_TOKENS": "2048",
    "MODEL_TEMPERATURE": "0.7",
    "MODEL_TIMEOUT": "30.0",
    "MODEL_DEADLINE": "900.0",
    "READY_REQUIRES": "postgresql",
    "TRUSTED_PROXIES": "0",
    "HEIMDALL_CRASH_AT": "",
    "LOG_FORMAT": "json",
}


def test_the_table_and_the_example_are_up_to_date() -> None:
    call_command("settings_table", check=True)


@pytest.mark.parametrize(("name", "default"), SHIPPED.items())
def test_a_shipped_default_is_the_one_of_the_design(name: str, default: str) -> None:
    assert {each.name: each.default for each in declared()}[name] == default


def test_every_variable_says_what_it_means_and_no_secret_has_a_default() -> None:
    for variable in declared():
        assert variable.help.endswith((".", ")")) and variable.kind
        assert not (variable.kind.startswith("secret") and variable.default)


def sources() -> Iterator[Path]:
    """Our code that runs in production."""
    for package in ("heimdall_project", "jobs", "ingestion", "analysis", "catalog", "dlq_admin"):
        yield from (ROOT / package).rglob("*.py")


def reads_environment(tree: ast.AST) -> Iterator[int]:
    """Lines that look at the environment, other than to name the settings module."""
    named = {
        id(node.func.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "setdefault"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}:
            if id(node) not in named:
                yield node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (node.lineno for alias in node.names if alias.name in {"environ", "getenv"})


def test_only_env_py_looks_at_the_environment() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources()
        if path != ROOT / "heimdall_project/env.py"
        for line in reads_environment(ast.parse(path.read_text("utf-8")))
    ]
    assert not found
