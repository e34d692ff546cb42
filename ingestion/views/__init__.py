"""The API of ingestion. Views parse, call one service or selector, and answer."""

from .ledger import LedgerExportView, LedgerView
from .page_views import EventView, ExportView, StatsView

__all__ = ["EventView", "ExportView", "LedgerExportView", "LedgerView", "StatsView"]
