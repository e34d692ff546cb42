"""Answering requests: claim, analyse, store the outcome with its event."""

from .handling import Handled, request_handle

__all__ = ["Handled", "request_handle"]
