"""Workers by name. Products fill it from their `consumers.py`, which `streams` discovers."""

import inspect
from collections.abc import Callable

from . import topics
from .consumer import BatchConsumer, ConcurrentConsumer, Loop, RecordConsumer, Worker

_workers: dict[str, type[Worker]] = {}
CONSUMER_SHAPES = (RecordConsumer, ConcurrentConsumer, BatchConsumer)


def register[W: type[Worker]](worker: W) -> W:
    """Class decorator: check a declaration and add it. Raises ValueError naming what is wrong."""
    problems = list(_problems(worker))
    if problems:
        raise ValueError(f"{worker.__qualname__}: {'; '.join(problems)}")
    _workers[worker.name] = worker
    return worker


def _problems(worker: type[Worker]) -> list[str]:
    name = getattr(worker, "name", "")
    found = []
    if not name or name != name.lower() or " " in name:
        found.append("`name` must be a lower-case word")
    if name in _workers:
        found.append(f"the name {name!r} is taken by {_workers[name].__qualname__}")
    if name == "all":
        found.append("'all' means every worker")
    if not inspect.getdoc(worker):
        found.append("it needs a docstring that says what it does and which key makes it idempotent")
    if issubclass(worker, CONSUMER_SHAPES):
        found.extend(_topic_problems(worker))
    elif not issubclass(worker, Loop):
        found.append("it must be a RecordConsumer, ConcurrentConsumer, BatchConsumer or Loop")
    return found


def _topic_problems(worker: type[Worker]) -> list[str]:
    read = worker.topics() if getattr(worker, "topic", None) else []  # type: ignore[attr-defined]
    known = {spec.name for spec in topics.specs()}
    return ["`topic` is missing"] * (not read) + [f"unknown topic {t!r}" for t in read if t not in known]


def get(name: str) -> type[Worker]:
    """The worker of that name. Raises KeyError naming the known ones."""
    try:
        return _workers[name]
    except KeyError:
        raise KeyError(f"no worker {name!r}; there are: {', '.join(sorted(_workers))}") from None


def workers(*, where: Callable[[type[Worker]], bool] = lambda _: True) -> list[type[Worker]]:
    """All registered workers by name."""
    return [worker for _, worker in sorted(_workers.items()) if where(worker)]


def meaning(worker: type[Worker]) -> str:
    """One line on what a worker does."""
    return worker.meaning or (inspect.getdoc(worker) or "").splitlines()[0]


def forget(name: str) -> None:
    """Take a worker out again; for tests that declare their own."""
    _workers.pop(name, None)
