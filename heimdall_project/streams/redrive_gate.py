"""Each redrive is handled once, however often it was published, as long as its outcome can be remembered."""

from collections.abc import Iterable
from threading import Lock

from ..observability.crash import crash_point
from .books import Books, RedriveEnd
from .consumer import Effects, Redrive
from .models import RedriveOutcome
from .outcomes import DUPLICATE, Rule, Verdict, dropped
from .records import Record
from .redrive import Addressed

Status = RedriveOutcome.Status


class AtWork(Exception):
    """Another copy of this redrive is being handled right now."""


class RedriveGate:
    """Lets redriven records through to the handlers of one consumer. Shared by its threads.

    Every record that `enter` lets through must be followed by `done` or `leave`.
    """

    def __init__(self, group: str, effects: Effects, books: Books) -> None:
        self._group = group
        self._effects = effects
        self._books = books
        self._lock = Lock()
        self._at_work: set[str] = set()
        self._unwritten: dict[str, tuple[RedriveEnd, Verdict]] = {}
        """Handled, while the books could not be reached: their handler must not run again."""

    def enter(self, record: Record, addressed: Addressed) -> Verdict | None:
        """None lets the record through; else the verdict of one that is not to be handled here, or not again.

        Raises AtWork, and TransientError while the books are away.
        """
        if addressed.group != self._group:
            return dropped(Rule.OTHER_GROUP)
        redrive_id = addressed.redrive.redrive_id
        with self._lock:
            if redrive_id in self._at_work:
                raise AtWork(f"another copy of redrive {redrive_id} is at work")
            self._at_work.add(redrive_id)
        verdict: Verdict | None = DUPLICATE
        try:
            verdict = self._judge(redrive_id, record)
        finally:
            if verdict is not None:
                self.leave([redrive_id])
        return verdict

    def _judge(self, redrive_id: str, record: Record) -> Verdict | None:
        if handled := self._unwritten.get(redrive_id):
            self._write([redrive_id])
            end, verdict = handled
            return verdict if end.record == record else DUPLICATE
        if self._status(redrive_id) == Status.OK:
            return DUPLICATE
        if self._effects is not Effects.UNSAFE or self._books.redrive_begun(self._group, redrive_id, record):
            return None
        return DUPLICATE if self._status(redrive_id) == Status.OK else dropped(Rule.REDRIVE_UNKNOWN)

    def _status(self, redrive_id: str) -> str | None:
        return self._books.redrive_status([redrive_id]).get(redrive_id)

    def done(self, handled: Iterable[tuple[Record, Redrive, Verdict]]) -> None:
        """These were handled. Raises TransientError; it is remembered here until it can be written down."""
        ends = {
            again.redrive_id: (RedriveEnd(again.redrive_id, record, Status.OK), verdict)
            for record, again, verdict in handled
        }
        self._unwritten.update(ends)
        try:
            if ends:
                crash_point("runner.before_redrive_outcome")
                self._write(list(ends))
        finally:
            self.leave(ends)

    def leave(self, redrive_ids: Iterable[str]) -> None:
        """The handler is through with these, well or not."""
        with self._lock:
            self._at_work.difference_update(redrive_ids)

    def _write(self, redrive_ids: list[str]) -> None:
        self._books.redrives_ended(self._group, [self._unwritten[each][0] for each in redrive_ids])
        for each in redrive_ids:
            self._unwritten.pop(each, None)
