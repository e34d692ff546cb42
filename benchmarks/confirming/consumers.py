"""A consumer with the real loop, gate and books, whose handler does nothing."""

from heimdall_project.streams.consumer import Batch, BatchConsumer, BatchPolicy
from heimdall_project.streams.records import Record
from heimdall_project.streams.registry import register
from heimdall_project.streams.topics import Topic


@register
class BenchConfirmer(BatchConsumer[Record]):
    """Handles page views by leaving them alone. Idempotent: there is nothing to repeat."""

    name, topic = "bench-confirmer", Topic.PAGE_VIEWS
    batch = BatchPolicy(records=2000, seconds=0.2)
    is_atomic = True

    def handle(self, batch: Batch[Record]) -> None:
        """Nothing."""
