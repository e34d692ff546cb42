"""Each redrive is handled once, however often it was published, as long as its outcome can be remembered."""

from collections.abc import Iterable, Mapping, Sequence
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
        return self.enter_together([(record, addressed)]).get(record.offset)

    def enter_together(self, marked: Sequence[tuple[Record, Addressed]]) -> dict[int, Verdict]:
        """Verdicts, by offset, of those of these records of one partition that are not to be handled.

        Their redrives differ. Either all that have no verdict are let through, or none: raises as `enter`.
        """
        verdicts = {
            record.offset: dropped(Rule.OTHER_GROUP)
            for record, addressed in marked
            if addressed.group != self._group
        }
        ours = {a.redrive.redrive_id: record for record, a in marked if record.offset not in verdicts}
        if not ours:
            return verdicts
        self._occupy(ours)
        judged = dict.fromkeys((record.offset for record in ours.values()), DUPLICATE)
        try:
            judged = self._judge(ours)
        finally:  # should it raise, nobody is let through
            self.leave(each for each, record in ours.items() if record.offset in judged)
        return verdicts | judged

    def _occupy(self, redrive_ids: Iterable[str]) -> None:
        with self._lock:
            if busy := self._at_work.intersection(redrive_ids):
                raise AtWork(f"another copy of redrive {min(busy)} is at work")
            self._at_work.update(redrive_ids)

    def _judge(self, ours: Mapping[str, Record]) -> dict[int, Verdict]:
        verdicts = {}
        if handled := {each: self._unwritten[each] for each in ours if each in self._unwritten}:
            self._write(list(handled))
        for each, (end, verdict) in handled.items():
            verdicts[ours[each].offset] = verdict if end.record == ours[each] else DUPLICATE
        status = self._books.redrive_status(each for each in ours if each not in handled)
        for each in ours.keys() - handled.keys():
            record = ours[each]
            if status.get(each) == Status.OK:
                verdicts[record.offset] = DUPLICATE
            elif self._effects is Effects.UNSAFE and not self._books.redrive_begun(self._group, each, record):
                is_ok = self._status(each) == Status.OK
                verdicts[record.offset] = DUPLICATE if is_ok else dropped(Rule.REDRIVE_UNKNOWN)
        return verdicts

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
