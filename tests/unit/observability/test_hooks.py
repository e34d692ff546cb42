"""Hooks are told, in order, and cannot harm those who tell."""

from heimdall_project.observability.hooks import Hooks, UnitOfWork
from heimdall_project.observability.metrics import HOOK_FAILURES


def unit() -> UnitOfWork:
    """Some unit of work."""
    return UnitOfWork(kind="request", name="jobs", outcome="200", seconds=0.1)


def test_every_hook_is_told_once_in_order() -> None:
    hooks: Hooks[UnitOfWork] = Hooks("test")
    told: list[str] = []
    first, second = (lambda _: told.append("first")), (lambda _: told.append("second"))
    for hook in (first, second, first):
        hooks.add(hook)

    hooks(unit())
    assert told == ["first", "second"]


def test_a_hook_that_raises_is_counted_and_the_next_one_still_told() -> None:
    hooks: Hooks[UnitOfWork] = Hooks("test-failing")
    told: list[UnitOfWork] = []

    @hooks.add
    def broken(_: UnitOfWork) -> None:
        raise LookupError

    hooks.add(told.append)
    hooks(unit())
    assert len(told) == 1
    assert HOOK_FAILURES.labels("test-failing")._value.get() == 1


def test_a_removed_hook_is_told_no_more() -> None:
    hooks: Hooks[UnitOfWork] = Hooks("test")
    told: list[UnitOfWork] = []
    hooks.add(told.append)
    hooks.remove(told.append)

    hooks(unit())
    assert not told
