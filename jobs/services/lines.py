"""Lines of many timelines in one statement; the counterpart of `timeline.transition_add`."""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection

from ..states import Event
from .timeline import Hop

_ADD = """
INSERT INTO job_transitions (job_id, attempt_id, event, from_status, to_status, topic, partition, "offset",
    actor, trace_id, note)
SELECT job_id, attempt_id, event, from_status, to_status, topic, partition, "offset", %s, trace_id, note
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[],
    %s::bigint[], %s::text[], %s::text[])
    WITH ORDINALITY AS line (job_id, attempt_id, event, from_status, to_status, topic, partition, "offset",
    trace_id, note, place)
ORDER BY place
"""


class Line(NamedTuple):
    """What happened to a job. The same state twice tells of something that did not move it."""

    job: int
    attempt: int
    event: Event
    before: str
    after: str
    hop: Hop | None = None
    trace_id: str = ""
    note: str = ""


def lines_add(lines: Sequence[Line], *, actor: str) -> None:
    """Add lines, in this order, under the locks of their jobs. Not for `NOTED` events: those are bounded."""
    if not lines:
        return
    rows = [
        (
            line.job,
            line.attempt,
            line.event.value,
            line.before,
            line.after,
            *(line.hop or ("", None, None)),
            line.trace_id,
            line.note[:500],
        )
        for line in lines
    ]
    with connection.cursor() as sql:
        sql.execute(_ADD, [actor[:200], *map(list, zip(*rows, strict=True))])
