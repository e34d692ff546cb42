"""What becomes of a record that cannot be handled, now or ever."""

from collections.abc import Callable, Sequence
from random import Random

from django.db import Error as DatabaseError

from ..errors import InvalidMessage, RetriesExhausted, StopOnPurpose, TransientError
from .books import is_outage
from .consumer import KafkaConsumer
from .dead_letters import Failure, SkippedByOperator
from .outcomes import STORED
from .ports import Clock
from .records import Record
from .units import Unit

type Skips = Callable[[], frozenset[tuple[str, int, int]]]
"""Topic, partition and offset of the records that operators ordered to pass by."""


class TryAgain(Exception):
    """The rest of the unit is to be offered again after `delay` seconds."""

    def __init__(self, cause: Exception, delay: float) -> None:
        super().__init__(str(cause))
        self.cause, self.delay = cause, delay


class Failing:
    """Gives records of one consumer their ends as failures, or says that they are tried again."""

    def __init__(self, consumer: KafkaConsumer, *, clock: Clock, draw: Random, skips: Skips) -> None:
        self._consumer, self._clock, self._draw, self.skips = consumer, clock, draw, skips

    def refuse(self, unit: Unit, refused: Sequence[tuple[Record, InvalidMessage]]) -> None:
        """End records that can not be decoded: in the dead letters, unless they are stored already."""
        kept = self._consumer.kept([record for record, _ in refused])
        for record, error in refused:
            if record.offset in kept:
                unit.verdicts[record.offset] = STORED
            else:
                self.fail(unit, record, self._consumer.explain(record, error))

    def passed_by(self, unit: Unit, record: Record) -> bool:
        """Whether an operator ordered to skip this record; it has its end then."""
        skips = self.skips()
        if not skips or (record.topic, record.partition, record.offset) not in skips:
            return False
        self.fail(unit, record, SkippedByOperator("passed by on an operator's order"))
        return True

    def failed(self, unit: Unit, record: Record, error: Exception) -> None:
        """End a record whose handler raised, or raise so that it is tried again."""
        if isinstance(error, InvalidMessage | RetriesExhausted):
            self.fail(unit, record, error)
            return
        if isinstance(error, StopOnPurpose | TransientError):
            raise error
        if is_away(error):
            raise TransientError("postgresql", str(error).splitlines()[0][:200]) from error
        attempt = unit.attempts[record.offset] = unit.attempts.get(record.offset, 0) + 1
        if not self._consumer.retry.is_spent(attempt):
            raise TryAgain(error, self._consumer.retry.delay(attempt, self._draw)) from error
        self.fail(unit, record, error)

    def fail(self, unit: Unit, record: Record, error: Exception) -> None:
        """End a record as a failure: it becomes a dead letter."""
        attempts = max(1, unit.attempts.get(record.offset, 1))
        unit.failures[record.offset] = Failure(record, error, attempts, self._clock.now())


def is_away(error: Exception) -> bool:
    """Whether it is an outage of the database."""
    return isinstance(error, DatabaseError) and is_outage(error)
