"""Tables of the runtime, split by noun."""

from .control import ConsumerControl, SkipRequest
from .ledger import ConsumerCursor, FloodWindow, LedgerEntry, TopicEnd
from .outbox import OutboxMessage, RelayLease
from .redrive import RedriveOutcome
from .worker import WorkerProcess

__all__ = [
    "ConsumerControl",
    "ConsumerCursor",
    "FloodWindow",
    "LedgerEntry",
    "OutboxMessage",
    "RedriveOutcome",
    "RelayLease",
    "SkipRequest",
    "TopicEnd",
    "WorkerProcess",
]
