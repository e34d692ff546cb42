"""Plain log files to log entries, line by line, in bounded memory."""

from .entries import Draft, Limits, Tally, entries
from .lines import open_text, read_lines
from .records import records

__all__ = ["Draft", "Limits", "Tally", "entries", "open_text", "read_lines", "records"]
