"""The API of ingestion. Views parse, call one service or selector, and answer."""

from .ledger import LedgerExportView, LedgerView

__all__ = ["LedgerExportView", "LedgerView"]
