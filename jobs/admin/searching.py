"""The search field of the list: exact, and each kind of word through its own index."""

from uuid import UUID

from django.db.models import Q, QuerySet

from ..models import AnalysisAttempt, AnalysisJob

MOST = 1000
"""Jobs that a search by name of something shared (a correlation, a trace) finds."""
BIGGEST = 2**63
HELP = "Number, request, correlation or trace id, service"


def search(jobs: QuerySet[AnalysisJob], term: str) -> QuerySet[AnalysisJob]:
    """Jobs that are called by `term`; if none is, those of the service of that name."""
    term = term.strip()
    if not term:
        return jobs
    if "\0" in term:  # PostgreSQL has no such text
        return jobs.none()
    found = _named(term)
    # Looked up first: an "or" over several tables would be answered by reading all jobs.
    return jobs.filter(Q(pk__in=found) if found else Q(log_entry__service_name=term))


def _named(term: str) -> set[int]:
    every = AnalysisJob.objects.order_by()
    ids = set(every.filter(correlation_id=term).values_list("pk", flat=True)[:MOST])
    digits = term.removeprefix("#")
    if digits.isascii() and digits.isdecimal() and len(digits) < 20 and int(digits) < BIGGEST:
        ids |= set(every.filter(pk=int(digits)).values_list("pk", flat=True))
    if request_id := _uuid(term):
        attempts = AnalysisAttempt.objects.filter(request_id=request_id)
        ids |= set(attempts.values_list("job_id", flat=True))
        ids |= set(every.filter(trace_id=request_id.hex).values_list("pk", flat=True)[:MOST])
    return ids


def _uuid(term: str) -> UUID | None:
    """A request id, or a trace id, which is as long."""
    try:
        return UUID(term)
    except ValueError:
        return None
