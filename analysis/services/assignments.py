"""A claimed request, be it of a job of ours or of an outside producer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from heimdall_project.events.jobs import AnalysisCompleted, AnalysisRequested
from heimdall_project.streams import topics
from heimdall_project.streams.topics import Topic
from jobs.content import without_nul
from jobs.models import AnalysisAttempt
from jobs.services import answer_publish, attempt_finish, attempt_try_failed

from ..analyzer import Account, AnalysisInput, Language
from ..models import OutsideAnalysis


class Assignment(Protocol):
    """What the worker needs to know of a request, and what it can do about it."""

    @property
    def request_id(self) -> UUID:
        """Whose answer it will be."""

    @property
    def number(self) -> int:
        """The `bifrost_analysis_id`."""

    @property
    def log_id(self) -> int:
        """The log, in the numbering of who asked."""

    @property
    def correlation_id(self) -> str:
        """Goes back with the answer."""

    @property
    def invalid(self) -> str:
        """Why the request cannot be followed; "" if it can."""

    @property
    def began_at(self) -> datetime:
        """When it was first claimed, whoever claimed it again since."""

    def given(self) -> AnalysisInput:
        """The log and what is asked about it."""

    def finish(self, answer: AnalysisCompleted) -> bool:
        """Store the outcome and its event together; False if it was stored before."""

    def try_failed(self, note: str) -> int:
        """Count a try that broke; answers how many did."""


@dataclass(frozen=True)
class OwnAssignment:
    """An attempt of one of our jobs. The log comes from PostgreSQL, not from the event."""

    attempt: AnalysisAttempt
    worker: str
    invalid = ""

    @property
    def request_id(self) -> UUID:
        """That of the attempt."""
        return self.attempt.request_id

    @property
    def number(self) -> int:
        """The attempt's id."""
        return self.attempt.pk

    @property
    def log_id(self) -> int:
        """The log entry's id."""
        return self.attempt.job.log_entry_id

    @property
    def correlation_id(self) -> str:
        """That of the job."""
        return self.attempt.job.correlation_id

    @property
    def began_at(self) -> datetime:
        """When this attempt was first claimed."""
        return self.attempt.started_at or timezone.now()

    def given(self) -> AnalysisInput:
        """The stored log, whole."""
        job, entry = self.attempt.job, self.attempt.job.log_entry
        return AnalysisInput(
            log_content=entry.content,
            service_name=entry.service_name,
            environment=entry.environment,
            analysis_type=job.analysis_type,
            language=Language.of(job.language),
            account=Account(client=f"user:{job.owner_id}", job=f"job:{job.pk}"),
        )

    def finish(self, answer: AnalysisCompleted) -> bool:
        """Store the outcome on the attempt."""
        return attempt_finish(attempt=self.attempt, answer=answer, worker=self.worker)

    def try_failed(self, note: str) -> int:
        """Count on the attempt."""
        return attempt_try_failed(attempt=self.attempt, worker=self.worker, note=note)


@dataclass(frozen=True)
class OutsideAssignment:
    """A request of an outside producer. Its log id is in a numbering of its own: the log is in the event."""

    row: OutsideAnalysis
    event: AnalysisRequested

    @property
    def request_id(self) -> UUID:
        """The producer's."""
        return self.event.request_id

    @property
    def number(self) -> int:
        """The row's id."""
        return self.row.pk

    @property
    def log_id(self) -> int:
        """The producer's."""
        return self.event.log_id

    @property
    def correlation_id(self) -> str:
        """The producer's."""
        return self.event.correlation_id

    @property
    def invalid(self) -> str:
        """A callback topic must be one that accepts results."""
        if self.event.callback_topic in (offered := topics.result_topics()):
            return ""
        return f"callback_topic: results go to {', '.join(offered)} only"

    @property
    def began_at(self) -> datetime:
        """When the row was made."""
        return self.row.started_at

    def given(self) -> AnalysisInput:
        """The log of the event."""
        return AnalysisInput(
            log_content=without_nul(self.event.log_content),
            service_name=without_nul(self.event.service_name),
            environment=without_nul(self.event.environment),
            analysis_type=self.event.analysis_type,
            language=Language.of(self.event.language),
            account=Account(client="outside", job=f"request:{self.event.request_id}"),
        )

    @transaction.atomic
    def finish(self, answer: AnalysisCompleted) -> bool:
        """Store the outcome on the row."""
        stored = OutsideAnalysis.objects.filter(pk=self.row.pk, finished_at=None).update(
            finished_at=timezone.now(),
            failure_class=answer.failure.failure_class.value if answer.failure else "",
            answer=without_nul(msgspec.to_builtins(answer)),
        )
        if stored:
            answer_publish(answer=answer, topic=self.topic)
        return bool(stored)

    def try_failed(self, note: str) -> int:
        """Count on the row."""
        OutsideAnalysis.objects.filter(pk=self.row.pk).update(tries=F("tries") + 1)
        self.row.refresh_from_db(fields=["tries"])
        return self.row.tries

    @property
    def topic(self) -> str:
        """Where the answer goes."""
        return Topic.ANALYSIS_RESULT if self.invalid else self.event.callback_topic

    @transaction.atomic
    def answer_again(self) -> None:
        """Publish the stored answer once more."""
        answer = msgspec.convert(self.row.answer, AnalysisCompleted, strict=False)
        answer_publish(answer=answer, topic=self.topic)


def outside_claim(*, event: AnalysisRequested, worker: str) -> OutsideAssignment:
    """The row of an outside request; made when it comes first."""
    row, _ = OutsideAnalysis.objects.get_or_create(
        request_id=event.request_id,
        defaults={
            "log_id": event.log_id,
            "service_name": without_nul(event.service_name)[:200],
            "environment": without_nul(event.environment)[:200],
            "worker": worker,
        },
    )
    return OutsideAssignment(row, event)
