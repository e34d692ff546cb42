"""From request events to stored outcomes: claimed together, analysed one after the other, stored together.

Whatever happens, an outcome and its result event are one transaction; a request whose outcome is stored
is answered from it.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import Context, copy_context
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from uuid import UUID

from django.conf import settings

from heimdall_project.errors import EventTooLarge, RetriesExhausted, TransientError
from heimdall_project.events.jobs import AnalysisCompleted, AnalysisRequested, Failure, FailureClass
from heimdall_project.observability import metrics, tracing
from heimdall_project.observability.crash import crash_point
from heimdall_project.observability.logging import get_logger
from jobs.services import (
    Answered,
    Claim,
    Claimed,
    Ended,
    Finish,
    Hop,
    attempt_answer_again,
    attempts_claim,
    attempts_finish,
)

from ..analyzer import Analyzer, Flawed, GivenUp, Wanted, always
from .analysing import analyse, last_failure
from .assignments import Assignment, OwnAssignment, outside_claim
from .completed import completed
from .keeper import Held, Keeper

log = get_logger(__name__)


class Handled(StrEnum):
    """What became of a request."""

    ANSWERED = "answered"
    """Its outcome is stored, with the result event."""
    REPEATED = "repeated"
    """It was answered before: the stored answer is published again."""
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    """Another worker stored an outcome, or the job ended, while this one analysed."""
    ENDED = "ended"
    """Its job had ended, or its attempt was replaced, before an outcome was stored."""


type End = Handled | Exception | None
"""What became of one request of several: what broke it, if it is an exception; None if it was not begun."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request event, where it stands, and the block in which it is handled (its trace, its log lines)."""

    event: AnalysisRequested
    hop: Hop
    context: Callable[[], AbstractContextManager[None]] = nullcontext


@dataclass(frozen=True, slots=True)
class Answer:
    """What an analysis came to; to be stored. `after` and `headers` keep its log lines and its trace."""

    assignment: Assignment
    completed: AnalysisCompleted
    headers: Mapping[str, str]
    after: Context


class Handling:
    """One worker's way of answering requests. Shared by its threads."""

    def __init__(self, *, worker: str, analyzer: Analyzer, keeper: Keeper) -> None:
        self._worker = worker
        self._analyzer = analyzer
        self._keeper = keeper

    def requests_handle(
        self, *, requests: Sequence[Request], go_on: Callable[[], bool] = lambda: True
    ) -> list[End]:
        """Answer requests; what became of each, in their order. Idempotent by request_id.

        An exception is that of one request: TransientError where a dependency of the analyzer is down,
        RetriesExhausted once the analysis broke `JOB_ATTEMPTS` times (the failure is then stored), before
        that what it broke with. Requests that are not begun when `go_on` says no, and copies of one that is
        among them, are left (None). What is raised is everybody's.
        """
        mine = {r.event.request_id: n for n, r in reversed(list(enumerate(requests)))}
        hops = {request_id: requests[n].hop for request_id, n in mine.items()}
        began = time.time_ns()
        claims = attempts_claim(requests=hops, worker=self._worker)
        claimed = time.time_ns()
        ends: list[End] = [None] * len(requests)
        answers: dict[int, Answer] = {}
        with self._holding(claims, mine, ends) as held:
            for place, number in enumerate(sorted(mine.values())):
                if place and not go_on():
                    break
                request = requests[number]
                wanted: Wanted = held.get(request.event.request_id, always)
                with request.context():
                    tracing.past("claim", began, claimed, together=len(hops))
                    came = self._begin(request, claims[request.event.request_id], wanted)
                if isinstance(came, Answer):
                    answers[number] = came
                else:
                    ends[number] = came
            for number, end in zip(answers, self._store(list(answers.values())), strict=True):
                ends[number] = end
        return ends

    @contextmanager
    def _holding(
        self, claims: Mapping[UUID, Claim | None], mine: Mapping[UUID, int], ends: Sequence[End]
    ) -> Iterator[dict[UUID, Held]]:
        """Keep the claims while they are at work; of what is left or broke also until it comes again."""
        held = {
            request_id: self._keeper.hold(request_id)
            for request_id, claim in claims.items()
            if isinstance(claim, Claimed)
        }
        try:
            yield held
        finally:
            for request_id, each in held.items():
                through = isinstance(ends[mine[request_id]], Handled | RetriesExhausted)
                (self._keeper.let_go if through else self._keeper.keep)(each)

    def _begin(self, request: Request, claim: Claim | None, wanted: Wanted) -> Answer | Handled | Exception:
        match claim:
            case Claimed(attempt):
                return self._answer(OwnAssignment(attempt, self._worker), wanted)
            case Answered(attempt):
                attempt_answer_again(attempt=attempt, worker=self._worker, hop=request.hop)
                return Handled.REPEATED
            case Ended():
                return Handled.ENDED
            case None:
                outside = outside_claim(event=request.event, worker=self._worker)
                if outside.row.answer is None:
                    return self._answer(outside, always)
                outside.answer_again()
                return Handled.REPEATED

    def _answer(self, assignment: Assignment, wanted: Wanted) -> Answer | Handled | Exception:
        begun = time.perf_counter()
        try:
            outcome = analyse(assignment, self._analyzer, wanted)
        except GivenUp:
            return Handled.ENDED
        except TransientError as error:
            return error
        except Exception as error:  # boundary: an analyzer may break in any way, and its job must learn of it
            return _broke(assignment, error)
        answer = completed(assignment, outcome, seconds=time.perf_counter() - begun)
        return Answer(assignment, answer, tracing.carried(), copy_context())

    def _store(self, answers: Sequence[Answer]) -> list[Handled]:
        for _ in answers:
            crash_point("worker.before_outcome")
        own = [each for each in answers if isinstance(each.assignment, OwnAssignment)]
        try:
            together = dict(zip(map(id, own), self._finish(own), strict=True))
        except EventTooLarge:  # one of them: whose it is shows when each is stored alone
            together = {}
        stored = [
            together[id(each)] if id(each) in together else each.after.run(_finish_alone, each)
            for each in answers
        ]
        for each, is_stored in zip(answers, stored, strict=True):
            crash_point("worker.after_outcome")
            each.after.run(_report, each, is_stored)
        return [Handled.ANSWERED if each else Handled.ANSWERED_ELSEWHERE for each in stored]

    def _finish(self, own: Sequence[Answer]) -> list[bool]:
        outcomes = [
            Finish(attempt=each.assignment.attempt, answer=each.completed, headers=each.headers)
            for each in own
            if isinstance(each.assignment, OwnAssignment)
        ]
        began = time.time_ns()
        finish = partial(attempts_finish, outcomes=outcomes, worker=self._worker)
        # What is done for one belongs to its trace; what is done for many to none.
        stored = (own[0].after.run(finish) if len(own) == 1 else finish()) if own else []
        for each in own:
            trace = each.headers.get("traceparent", "")
            tracing.past("store outcome", began, time.time_ns(), parent=trace, together=len(own))
        return stored


def _finish_alone(answer: Answer) -> bool:
    try:
        return answer.assignment.finish(answer.completed)
    except EventTooLarge as error:
        failure = Failure(failure_class=FailureClass.BAD_OUTPUT, message=f"The answer is too long: {error}")
        seconds = answer.completed.duration_seconds or 0.0
        return answer.assignment.finish(completed(answer.assignment, failure, seconds=seconds))


def _report(answer: Answer, stored: bool) -> None:
    failure, seconds = answer.completed.failure, answer.completed.duration_seconds or 0.0
    failed_as = failure.failure_class.value if failure else ""
    metrics.ANALYSIS_SECONDS.labels(failed_as or "succeeded").observe(seconds)
    log.info(
        "A request was answered",
        action="request_answered",
        number=answer.assignment.number,
        failure_class=failed_as,
        stored=stored,
        seconds=seconds,
    )


def _broke(assignment: Assignment, error: Exception) -> Exception:
    """Count a broken try; after the last one store the failure and give the record up."""
    kind = error.failure_class if isinstance(error, Flawed) else type(error).__name__
    tries = assignment.try_failed(f"{kind} (its text is in the worker's log)")
    log.exception("An analysis broke", action="analysis_broke", tries=tries, number=assignment.number)
    if tries < settings.JOB_ATTEMPTS:
        return error
    failure = last_failure(error, tries)
    assignment.finish(completed(assignment, failure, seconds=0.0))
    spent = RetriesExhausted(failure.message)
    spent.__cause__ = error
    return spent
