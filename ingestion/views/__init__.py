"""The API of ingestion. Views parse, call one service or selector, and answer."""

from .intake import EventsBatchView, EventsView
from .ledger import LedgerExportView, LedgerView
from .page_views import EventView, ExportView, StatsView
from .receipts import ReceiptView

__all__ = [
    "EventView",
    "EventsBatchView",
    "EventsView",
    "ExportView",
    "LedgerExportView",
    "LedgerView",
    "ReceiptView",
    "StatsView",
]
