"""Sending approved letters again, and finding out what became of them.

One redriver acts at a time, under a lease with a fencing token. What it is about to send is written down
first (SENDING, with a redrive id that was fixed when the set was frozen), so a crash at any step is followed
by sending the same again under the same id: published perhaps twice, handled once.
"""

from .progress import progress_of
from .redriver import LEASE, Redriver

__all__ = ["LEASE", "Redriver", "progress_of"]
