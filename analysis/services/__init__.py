"""Answering requests: claim, analyse, store the outcome with its event."""

from .handling import End, Handled, Handling, Request
from .keeper import Keeper

__all__ = ["End", "Handled", "Handling", "Keeper", "Request"]
