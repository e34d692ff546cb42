"""Who would handle a letter that is sent again."""

from collections.abc import Sequence

from django.db import connection

from heimdall_project.streams import registry
from heimdall_project.streams.consumer import KafkaConsumer, Loop

from .planning import letters_known

_PLACES = """
SELECT DISTINCT topic, "group" FROM unnest(%s::bigint[]) AS chosen (id) CROSS JOIN LATERAL (
    SELECT topic, "group" FROM dead_letters AS found WHERE found.id = chosen.id OFFSET 0
) AS letter
"""


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


def consumers_of(letter_ids: Sequence[int]) -> dict[tuple[str, str], type[KafkaConsumer]]:
    """The workers of these letters, by topic and group; places without a worker are left out.

    The first question about a set of letters, so what the planner believes is put right here.
    """
    letters_known(least=len(letter_ids))
    with connection.cursor() as sql:
        sql.execute(_PLACES, [list(letter_ids)])
        places = sql.fetchall()
    return {place: kind for place in places if (kind := consumer_of(*place)) is not None}
