"""The runtime in the admin: what runs, what waits, what was counted. Everything is read-only; orders to
workers are actions that go through `streams.control`.
"""

from . import controls, ledger, outbox, redrives, workers

__all__ = ["controls", "ledger", "outbox", "redrives", "workers"]
