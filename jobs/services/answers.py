"""Result events."""

from heimdall_project.events.jobs import AnalysisCompleted
from heimdall_project.streams import outbox

SCHEMA = "analysis.result/1"


def answer_publish(*, answer: AnalysisCompleted, topic: str) -> str:
    """Write a result event into the outbox, in the caller's transaction; answers its event id."""
    return outbox.publish(
        topic=topic,
        key=str(answer.log_id),
        event=answer,
        schema=SCHEMA,
        correlation_id=answer.correlation_id,
    )
