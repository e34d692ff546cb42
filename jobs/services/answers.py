"""Result events."""

from heimdall_project.events.jobs import AnalysisCompleted
from heimdall_project.streams import outbox, topics
from heimdall_project.streams.topics import Topic

SCHEMA = "analysis.result/1"


def answer_publish(*, answer: AnalysisCompleted, topic: str) -> str:
    """Write a result event into the outbox, in the caller's transaction; answers its event id."""
    return outbox.publish_many([answer_event(answer=answer, topic=topic)])[0]


def answer_event(*, answer: AnalysisCompleted, topic: str) -> outbox.NewEvent:
    """The result event, to be written together with others (`outbox.publish_many`).

    A topic that is not offered any more is replaced by ours: else its jobs could not end, nor be swept.
    """
    return outbox.NewEvent(
        topic=topic if topic in topics.result_topics() else Topic.ANALYSIS_RESULT,
        key=str(answer.log_id),
        event=answer,
        schema=SCHEMA,
        correlation_id=answer.correlation_id,
    )
