"""Answering requests: claim, analyse, store the outcome with its event."""

from .handling import Handled, request_handle
from .keeper import Keeper

__all__ = ["Handled", "Keeper", "request_handle"]
