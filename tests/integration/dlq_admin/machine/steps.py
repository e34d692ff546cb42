"""Between any two steps of whoever acts something can happen: the process dies, or others act meanwhile.

A step is a statement for the database, a named crash point, or a call of the broker.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from django.db import connection

from dlq_admin import consumers
from dlq_admin.services import cleaning
from dlq_admin.services.redriving import redriver, sending
from heimdall_project.streams import desk, hands, redrive_gate

WITH_POINTS = (redriver, sending, cleaning, consumers, desk, hands, redrive_gate)
ENDS = ("RELEASE", "ROLLBACK", "COPY")


class Killed(BaseException):
    """The process ends here, as by SIGKILL."""


class Steps:
    """Counts the steps of what runs, and lets something happen at one of them."""

    def __init__(self) -> None:
        self._happens: Callable[[], None] | None = None
        self._left = 0
        self._depth: int | None = None
        self._again = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Every statement and crash point is a step."""
        with ExitStack() as stack:
            for module in WITH_POINTS:
                stack.enter_context(patch.object(module, "crash_point", lambda name: self.step()))
            for module in (desk, hands):  # all act on the connection of the test, and within its transaction
                stack.enter_context(patch.object(module, "close_old_connections", lambda: None))
            stack.enter_context(connection.execute_wrapper(self._statement))
            yield

    @contextmanager
    def killed(self, at: int) -> Iterator[None]:
        """Who runs in the block dies at this step, wherever that is, or afterwards; nothing follows."""

        def die() -> None:
            raise Killed

        with self._at(at, die, depth=None, again=True):
            yield
        raise Killed

    @contextmanager
    def meanwhile(self, at: int, act: Callable[[], None]) -> Iterator[None]:
        """Others act at this step of who runs in the block, counting those outside of its transactions."""
        with self._at(at, act, depth=len(connection.savepoint_ids)):
            yield

    @contextmanager
    def _at(
        self, at: int, happens: Callable[[], None], *, depth: int | None, again: bool = False
    ) -> Iterator[None]:
        self._left, self._happens, self._depth, self._again = at, happens, depth, again
        try:
            yield
        finally:
            self._happens = None

    def now(self) -> None:
        """If something is to happen to who runs, it happens here."""
        self._left = 0
        self.step()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What the test itself asks is no step of anybody."""
        happens, self._happens = self._happens, None
        try:
            yield
        finally:
            self._happens = happens

    def step(self) -> None:
        """One more step."""
        if self._happens is None or self._depth not in (None, len(connection.savepoint_ids)):
            return
        self._left -= 1
        if self._left < 0:
            happens = self._happens
            if not self._again:
                self._happens = None
            happens()

    def _statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(ENDS):
            self.step()
        return execute(sql, params, many, context)
