"""Dead letters for people. Everything is read-only: what changes a letter or a batch is an act of its own."""

from . import batches, clusters, letters

__all__ = ["batches", "clusters", "letters"]
