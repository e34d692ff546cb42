"""What can be done to dead letters. Each function is one transaction, or part of its caller's."""

from .indexing import Indexed, letters_index
from .payloads import Content, Payload, payload_read

__all__ = ["Content", "Indexed", "Payload", "letters_index", "payload_read"]
