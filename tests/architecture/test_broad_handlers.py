"""Broad exception handlers stand where this list says, each with a reason."""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from tests.architecture.source import Module, modules

BOUNDARIES = {
    "analysis/services/handling.py: Handling._answer",
    "analysis/services/keeper.py: Keeper._run",
    "dlq_admin/consumers.py: DlqIndexer.handle",
    "heimdall_project/accounts/audit.py: audited",
    "heimdall_project/api/express.py: ExpressLane.__call__",
    "heimdall_project/api/stream/door.py: StreamDoor._http",
    "heimdall_project/observability/hooks.py: Hooks.__call__",
    "heimdall_project/observability/readiness.py: Probe._run",
    "heimdall_project/observability/recording.py: SpanQueue._sent",
    "heimdall_project/streams/broker/consuming.py: ConfluentConsumer._guarded",
    "heimdall_project/streams/batching.py: Batching._handle",
    "heimdall_project/streams/hands.py: Hands._one_by_one",
    "heimdall_project/streams/hands.py: Hands._several",
    "heimdall_project/streams/loop_runner.py: LoopRunner._close_after_failure",
    "heimdall_project/streams/loop_runner.py: LoopRunner._live",
    "heimdall_project/streams/loop_runner.py: LoopRunner.run",
    "heimdall_project/streams/publish_hooks.py: _call",
    "heimdall_project/streams/runner.py: _abandon",
    "heimdall_project/streams/runner.py: run",
    "heimdall_project/streams/supervisor.py: Supervisor._become",
    "heimdall_project/streams/testing/clock.py: InlineExecutor.submit",
    "heimdall_project/streams/worker_registry.py: HeartbeatThread._beat",
    "ingestion/generator/couriers.py: ThreadCourier._serve",
}
"""Where a failure of any kind must be caught: the ends of threads, processes, requests and callbacks."""
BROAD = {"Exception", "BaseException"}
MARK = "# boundary: "


class Handler(NamedTuple):
    """A broad `except`."""

    place: str
    line: str


def broad_handlers(module: Module) -> Iterator[Handler]:
    """Broad handlers of a module with the function that they stand in."""
    lines = module.text.splitlines()

    def walk(node: ast.AST, names: tuple[str, ...]) -> Iterator[Handler]:
        for child in ast.iter_child_nodes(node):
            inner = names
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = (*names, child.name)
            if isinstance(child, ast.ExceptHandler) and _is_broad(child):
                yield Handler(f"{module.name}: {'.'.join(names)}", lines[child.lineno - 1])
            yield from walk(child, inner)

    yield from walk(module.tree, ())


def _is_broad(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(kind, ast.Name) and kind.id in BROAD for kind in kinds)


def found() -> list[Handler]:
    """All broad handlers."""
    return [handler for module in modules() for handler in broad_handlers(module)]


def test_each_broad_handler_says_why_it_stands_there() -> None:
    assert [handler.place for handler in found() if MARK not in handler.line] == []


def test_broad_handlers_stand_only_at_the_listed_boundaries() -> None:
    assert {handler.place for handler in found()} == BOUNDARIES


def test_a_bare_a_plain_and_a_hidden_broad_handler_are_all_noticed() -> None:
    text = "def f():\n try: pass\n except: pass\n try: pass\n except (OSError, Exception): pass\n"
    assert len(list(broad_handlers(Module("x.py", text)))) == 2
