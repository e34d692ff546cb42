"""Who would handle a letter that is sent again."""

from heimdall_project.streams import registry
from heimdall_project.streams.consumer import KafkaConsumer, Loop


def consumer_of(topic: str, group: str) -> type[KafkaConsumer] | None:
    """The worker of this group that reads this topic; None if there is none here."""
    for worker in registry.workers(where=lambda each: not issubclass(each, Loop)):
        kind: type[KafkaConsumer] = worker  # type: ignore[assignment]
        if kind.group() == group and topic in kind.topics():
            return kind
    return None


def groups() -> set[str]:
    """The groups of all workers here that read something."""
    kinds: list[type[KafkaConsumer]] = registry.workers(where=lambda each: not issubclass(each, Loop))  # type: ignore[assignment]
    return {kind.group() for kind in kinds}
