"""What has to be done so that the schema is at a version. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .files import Migration, SchemaError


class State(StrEnum):
    """How far a migration is, as written down beside the tables."""

    STARTED = "started"
    """Some of its statements may have run: it is run again from its beginning."""
    DONE = "done"
    LEAVING = "leaving"
    """Some of what undoes it may have run."""
    LEFT = "left"
    """As if it had never been applied."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the log says of a migration last."""

    number: int
    name: str
    checksum: str
    state: State


@dataclass(frozen=True)
class Step:
    """One migration to apply, or to undo."""

    migration: Migration
    is_back: bool = False

    @property
    def statements(self) -> tuple[str, ...]:
        """In the order in which they run."""
        return self.migration.back if self.is_back else self.migration.forward

    def __str__(self) -> str:
        return f"{'undo ' if self.is_back else ''}{self.migration.name}"


def steps(files: Sequence[Migration], log: Iterable[Entry], *, to: int | None = None) -> list[Step]:
    """What is to be done, first undoing, then applying. Raises SchemaError on drift.

    `to` is the number of the last migration that shall stand; None: all of them.
    """
    known = {entry.number: entry for entry in log if entry.state is not State.LEFT}
    target = len(files) if to is None else to
    if not 0 <= target <= len(files):
        raise SchemaError(f"There is no migration {target:03}; the last is {len(files):03}.")
    _refuse_drift(files, known)
    back = [
        Step(each, is_back=True) for each in reversed(files) if each.number > target and each.number in known
    ]
    return back + list(_forward(files[:target], known))


def _forward(files: Sequence[Migration], known: dict[int, Entry]) -> Iterator[Step]:
    for each in files:
        entry = known.get(each.number)
        if entry is None or entry.state is not State.DONE:
            yield Step(each)


def _refuse_drift(files: Sequence[Migration], known: dict[int, Entry]) -> None:
    by_number = {each.number: each for each in files}
    for number, entry in sorted(known.items()):
        file = by_number.get(number)
        if file is None:
            raise SchemaError(
                f"{entry.name} is applied, and not among the files: a newer version of the program was here. "
                f"Use that one, if need be to go back (--to {len(files):03})."
            )
        # One that never came to its end may be corrected and run again.
        if entry.state is State.DONE and (entry.checksum, entry.name) != (file.checksum, file.name):
            raise SchemaError(
                f"{file.name} differs from what was applied as {entry.name}: put the file back, and make the "
                f"change in a migration of its own."
            )
