"""Whether the ledger, the cursors and ClickHouse tell the same.

`books` reads PostgreSQL, `arrivals` asks ClickHouse, `compare` judges (pure), `run` walks through it all in
bounded memory. Only offsets below the cursors are judged, so that it works while writing goes on.
"""

from .compare import Difference, Kind, Report
from .run import check

__all__ = ["Difference", "Kind", "Report", "check"]
