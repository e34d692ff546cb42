"""Attempts in the hands of a worker: claim, finish, answer again.

Each function locks the rows of the jobs first, lowest id first, so that a worker, the relay and `job-results`
cannot wait for each other in a circle. Claims and outcomes come many at a time: one transaction for all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, F

from heimdall_project.events.jobs import AnalysisCompleted
from heimdall_project.observability import tracing
from heimdall_project.streams import outbox

from ..content import as_json, without_nul
from ..models import AnalysisAttempt, AnalysisJob, JobTransition
from ..states import Event, Outcome, Status, sources
from .answers import answer_event, answer_publish
from .lines import Line, lines_add
from .loading import attempts_load
from .locking import Locked, jobs_lock
from .timeline import Hop, job_lock, transition_add


@dataclass(frozen=True)
class Claimed:
    """The worker holds the attempt now: analyse it. `attempt.job.log_entry` is loaded."""

    attempt: AnalysisAttempt


@dataclass(frozen=True)
class Answered:
    """The outcome is stored already: publish the stored answer again, analyse nothing."""

    attempt: AnalysisAttempt


@dataclass(frozen=True)
class Ended:
    """The job ended otherwise, or another attempt replaced this one: there is nothing to do."""

    attempt: AnalysisAttempt


type Claim = Claimed | Answered | Ended

MOST_TAKEN_OVER = 10
"""Times that an attempt is taken over from a worker without outcome. A record that kills or hangs whoever
handles it would else go round for ever: its lease never lapses, since it is claimed anew before."""
WORN = f"Taken over {MOST_TAKEN_OVER} times without an outcome: given up, as if its lease had lapsed."

_RUN = """
UPDATE analysis_jobs SET status = %s, updated_at = now() WHERE id = ANY(%s) AND status = ANY(%s) RETURNING id
"""
_LEASE = """
UPDATE analysis_attempts
SET worker = %s, started_at = coalesce(started_at, now()),
    lease_expires_at = clock_timestamp() + make_interval(secs => %s)
WHERE id = ANY(%s)
RETURNING id, started_at, lease_expires_at
"""
_LAPSE = "UPDATE analysis_attempts SET lease_expires_at = now() WHERE id = ANY(%s)"
_FINISH = """
UPDATE analysis_attempts AS attempt
SET finished_at = now(), outcome = new.outcome, failure_class = new.failure_class,
    failure_message = new.failure_message, answer = new.answer, lease_expires_at = NULL
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::jsonb[])
    AS new (id, outcome, failure_class, failure_message, answer)
WHERE attempt.id = new.id AND attempt.finished_at IS NULL
RETURNING attempt.id
"""


@tracing.spanned("claim")
def attempt_claim(*, request_id: UUID, worker: str, hop: Hop | None = None) -> Claim | None:
    """`attempts_claim` for one."""
    return attempts_claim(requests={request_id: hop}, worker=worker)[request_id]


@transaction.atomic
def attempts_claim(*, requests: Mapping[UUID, Hop | None], worker: str) -> dict[UUID, Claim | None]:
    """Claim the attempts of request events, in one transaction; None where no job of ours asked.

    A running attempt without outcome may be claimed again: the broker gives a record to one worker of
    the group at a time, so whoever claimed it before is gone, or will find that its outcome is refused.
    But only `MOST_TAKEN_OVER` times: then it is left to the sweeper, which counts it as a silent worker.
    """
    locked = jobs_lock(requests)
    # After the lock: what another claim or outcome wrote before is seen.
    attempts = attempts_load(locked)
    claims: dict[UUID, Claim | None] = {
        request_id: _judged(attempts.get(request_id), locked.get(request_id)) for request_id in requests
    }
    for request_id, claim in claims.items():
        if isinstance(claim, Ended):
            _ignore(claim.attempt, worker, requests[request_id])
    for attempt in _worn([each.attempt for each in claims.values() if isinstance(each, Claimed)], worker):
        _ignore(attempt, worker, requests[attempt.request_id], WORN)
        claims[attempt.request_id] = Ended(attempt)
    mine = [locked[request_id] for request_id, claim in claims.items() if isinstance(claim, Claimed)]
    if mine:
        _tell_claims(mine, attempts, requests, worker)
        _lease([attempts[each.request_id] for each in mine], worker)
    return claims


def _judged(attempt: AnalysisAttempt | None, job: Locked | None) -> Claim | None:
    if attempt is None or job is None:
        return None
    if attempt.outcome and _has_answer(attempt):
        return Answered(attempt)
    if attempt.finished_at is not None or not job.is_open:
        return Ended(attempt)
    return Claimed(attempt)


def _has_answer(attempt: AnalysisAttempt) -> bool:
    """Whether its outcome came from a worker of ours; what others answered, or what lapsed, has no event."""
    return attempt.answer is not None


def _ignore(attempt: AnalysisAttempt, worker: str, hop: Hop | None, note: str = "") -> None:
    job = job_lock(job_id=attempt.job_id)
    transition_add(job=job, attempt=attempt, event=Event.REQUEST_IGNORED, actor=worker, hop=hop, note=note)


def _worn(claimed: Sequence[AnalysisAttempt], worker: str) -> list[AnalysisAttempt]:
    """Those that were taken over too often; their leases are over now, so that the sweeper finds them."""
    over = [each for each in claimed if each.worker not in {"", worker}]
    if not over:
        return []
    jobs = {each.job_id for each in over}
    lines = JobTransition.objects.filter(job__in=jobs, attempt__in=over, event=Event.CLAIMED_AGAIN)
    counted = lines.order_by().values_list("attempt").annotate(times=Count("pk"))
    worn = set(counted.filter(times__gte=MOST_TAKEN_OVER).values_list("attempt", flat=True))
    if worn:
        with connection.cursor() as sql:
            sql.execute(_LAPSE, [sorted(worn)])
    return [each for each in over if each.pk in worn]


def _tell_claims(
    mine: Sequence[Locked],
    attempts: Mapping[UUID, AnalysisAttempt],
    requests: Mapping[UUID, Hop | None],
    worker: str,
) -> None:
    """Move the jobs to RUNNING and tell so; one that runs already is told if it comes to another worker."""
    with connection.cursor() as sql:
        since = sorted(sources(Status.RUNNING))
        sql.execute(_RUN, [Status.RUNNING, sorted(job.job for job in mine), since])
        moved = {job for (job,) in sql.fetchall()}
    lines = []
    for job in mine:
        attempts[job.request_id].job.status = Status.RUNNING
        if job.job in moved:
            event = Event.CLAIMED
        elif attempts[job.request_id].worker != worker:
            event = Event.CLAIMED_AGAIN
        else:
            continue  # the same process after a backoff is no news
        hop = requests[job.request_id]
        lines.append(Line(job.job, job.attempt, event, job.status, Status.RUNNING, hop, job.trace_id))
    lines_add(lines, actor=worker)


def _lease(attempts: Sequence[AnalysisAttempt], worker: str) -> None:
    with connection.cursor() as sql:
        sql.execute(_LEASE, [worker, settings.JOB_LEASE, [attempt.pk for attempt in attempts]])
        leases = {pk: times for pk, *times in sql.fetchall()}
    for attempt in attempts:
        attempt.worker = worker
        attempt.started_at, attempt.lease_expires_at = leases[attempt.pk]


@dataclass(frozen=True, kw_only=True)
class Finish:
    """The outcome of an attempt, to be stored. `headers` go with its result event: its trace."""

    attempt: AnalysisAttempt
    answer: AnalysisCompleted
    headers: Mapping[str, str]


@tracing.spanned("store outcome")
def attempt_finish(*, attempt: AnalysisAttempt, answer: AnalysisCompleted, worker: str) -> bool:
    """`attempts_finish` for one."""
    one = Finish(attempt=attempt, answer=answer, headers=tracing.carried())
    return attempts_finish(outcomes=[one], worker=worker)[0]


@transaction.atomic
def attempts_finish(*, outcomes: Sequence[Finish], worker: str) -> list[bool]:
    """Store the outcomes of attempts and their result events together, in one transaction.

    False means that the outcome was stored by somebody else meanwhile, or that the job has ended: nothing is
    stored or published for it. Raises EventTooLarge for all if one answer is too long for its topic.
    """
    locked = jobs_lock(outcome.attempt.request_id for outcome in outcomes)
    wanted = [each for each in outcomes if _is_wanted(each.attempt, locked, worker)]
    if not wanted:
        return [False] * len(outcomes)
    rows = [(each.attempt.pk, *_stored(each.answer)) for each in wanted]
    with connection.cursor() as sql:
        sql.execute(_FINISH, [list(column) for column in zip(*rows, strict=True)])
        stored = {pk for (pk,) in sql.fetchall()}
    fresh = [(each, locked[each.attempt.request_id]) for each in wanted if each.attempt.pk in stored]
    lines_add([_answered(job, each.answer) for each, job in fresh], actor=worker)
    outbox.publish_many([_event(job, each) for each, job in fresh])
    return [each.attempt.pk in stored for each in outcomes]


def _is_wanted(attempt: AnalysisAttempt, locked: Mapping[UUID, Locked], worker: str) -> bool:
    if (job := locked.get(attempt.request_id)) and job.is_open:
        return True
    row = job_lock(job_id=attempt.job_id)
    transition_add(job=row, attempt=attempt, event=Event.ANSWER_REFUSED, actor=worker)
    return False


def _stored(answer: AnalysisCompleted) -> tuple[str, str, str, str]:
    """Outcome, failure class, failure message and the whole answer as JSON."""
    failure = answer.failure
    if not failure:
        return Outcome.SUCCEEDED.value, "", "", as_json(answer)
    message: str = without_nul(failure.message)
    return Outcome.FAILED.value, failure.failure_class.value, message, as_json(answer)


def _answered(job: Locked, answer: AnalysisCompleted) -> Line:
    outcome = Outcome.FAILED if answer.failure else Outcome.SUCCEEDED
    return Line(job.job, job.attempt, Event.ANSWERED, job.status, job.status, None, job.trace_id, outcome)


def _event(job: Locked, finish: Finish) -> outbox.NewEvent:
    event = answer_event(answer=finish.answer, topic=job.callback_topic)
    return msgspec.structs.replace(event, headers=finish.headers)


@tracing.spanned("answer again")
@transaction.atomic
def attempt_answer_again(*, attempt: AnalysisAttempt, worker: str, hop: Hop | None = None) -> None:
    """Publish the stored answer of an attempt once more."""
    job: AnalysisJob = job_lock(job_id=attempt.job_id)
    transition_add(job=job, attempt=attempt, event=Event.ANSWERED_AGAIN, actor=worker, hop=hop)
    answer = msgspec.convert(attempt.answer, AnalysisCompleted, strict=False)
    answer_publish(answer=answer, topic=job.callback_topic)


@transaction.atomic
def attempt_try_failed(*, attempt: AnalysisAttempt, worker: str, note: str) -> int:
    """Count a try that broke unexpectedly; answers how many there were in this attempt."""
    job = job_lock(job_id=attempt.job_id)
    AnalysisAttempt.objects.filter(pk=attempt.pk).update(tries=F("tries") + 1)
    attempt.refresh_from_db(fields=["tries"])
    transition_add(job=job, attempt=attempt, event=Event.TRY_FAILED, actor=worker, note=note)
    return attempt.tries
