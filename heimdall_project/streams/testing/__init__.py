"""The world in memory: broker, books, clock. Deterministic; faults on demand.

broker = InMemoryBroker()
broker.produce("analysis.request", b"{}")
runner = broker.runner(MyConsumer())
run_until_idle(runner)
assert broker.committed("heimdall.mine") == {...}
"""

from .books import InMemoryBooks
from .broker import InMemoryBroker, run_until_idle
from .clients import InMemoryConsumer, InMemoryProducer
from .clock import FakeClock, InlineExecutor

__all__ = [
    "FakeClock",
    "InMemoryBooks",
    "InMemoryBroker",
    "InMemoryConsumer",
    "InMemoryProducer",
    "InlineExecutor",
    "run_until_idle",
]
