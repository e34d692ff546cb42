"""What can be done to dead letters. Each function is one transaction, or part of its caller's."""

from .indexing import Indexed, letters_index

__all__ = ["Indexed", "letters_index"]
