"""What the writer needs of ClickHouse."""

from collections.abc import Sequence
from typing import Protocol

from heimdall_project.errors import HeimdallError, TransientError
from heimdall_project.streams.records import Record

from .parcels import Parcel

DEPENDENCY = "clickhouse"


class RowsRefused(HeimdallError):
    """The server looked at the rows and refuses at least one of them; none was stored."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        """Names column and code, never a value."""


class OutcomeUnknown(TransientError):
    """The request was sent and no answer came: the rows may be stored, now or in a moment."""


class Table(Protocol):
    """Where page views go. Safe to use from several threads. Waits a bounded time."""

    def insert(self, parcel: Parcel) -> None:
        """Store all rows or none; under a token that is known, nothing more.

        Raises RowsRefused, OutcomeUnknown, and TransientError for everything else.
        """
        ...

    def holds(self, parcel: Parcel) -> bool:
        """Whether every row of it is stored, in every table. Raises TransientError."""
        ...

    def kept(self, records: Sequence[Record]) -> set[int]:
        """Offsets of those records of a partition that are stored, in every table. Raises TransientError."""
        ...
