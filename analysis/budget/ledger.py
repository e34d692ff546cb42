"""The token budget, kept in PostgreSQL: reserved before a call, settled after it.

A reservation holds the most that the call may use, so that calls at the same time cannot overshoot together.
The rows of the client and of the job are locked in this order while it is decided. What is settled is what
the endpoint counted; it can be more than was reserved only by what our count of the question was short of.
A reservation that a killed worker leaves behind counts until it expires.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from heimdall_project.errors import TransientError
from heimdall_project.events.jobs import FailureClass
from heimdall_project.observability import metrics
from heimdall_project.observability.logging import get_logger
from heimdall_project.streams.books import database

from ..analyzer import Account, Refused
from ..models import TokenReservation, TokenUsage

log = get_logger(__name__)
KEPT = timedelta(days=90)
"""Usage is deleted after that: whoever opens an account clears some of what is older."""
CLEARED = 2
"""More than are opened, so that the table does not grow for ever."""
NOBODY = "nobody"


class Reservation(Protocol):
    """Tokens that a call may use."""

    def settle(self, prompt: int, completion: int) -> None:
        """The call used so many. Does not raise for a database that is away: the reservation expires then."""


type Reserve = Callable[[Account, int], Reservation]
"""Raises Refused where a budget is used up, TransientError where other calls hold the rest of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Tokens; 0 is any number."""

    job: int = 0
    client_day: int = 0
    lifetime: float = 120.0
    """Seconds after which a reservation left behind counts no more: longer than any call."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """A reservation in the table."""

    id: int
    client: str
    day: date
    job: str

    def settle(self, prompt: int, completion: int) -> None:
        """See `Reservation`."""
        metrics.MODEL_TOKENS.labels("prompt").inc(prompt)
        metrics.MODEL_TOKENS.labels("completion").inc(completion)
        try:
            with database():
                self._settle(prompt, completion)
        except TransientError as error:
            log.warning("Usage could not be settled", action="usage_not_settled", error=str(error)[:200])

    @transaction.atomic
    def _settle(self, prompt: int, completion: int) -> None:
        for account, day in _accounts(self.client, self.day, self.job):
            TokenUsage.objects.filter(account=account, day=day).update(
                prompt=F("prompt") + prompt,
                completion=F("completion") + completion,
                calls=F("calls") + 1,
                updated_at=timezone.now(),
            )
        TokenReservation.objects.filter(pk=self.id).delete()


class Ledger:
    """Grants reservations within limits."""

    def __init__(self, limits: Limits, *, now: Callable[[], datetime] = timezone.now) -> None:
        self._limits = limits
        self._now = now

    def reserve(self, account: Account, amount: int) -> Reserved:
        """Reserve so many tokens. See `Reserve` for what is raised."""
        with database():
            decided = self._decide(account.client or NOBODY, account.job or NOBODY, amount)
        if isinstance(decided, Reserved):
            return decided
        scope, error = decided
        if isinstance(error, Refused):
            metrics.BUDGET_REFUSALS.labels(scope).inc()
            log.warning("A token budget is used up", action="budget_refused", scope=scope, reason=str(error))
        raise error

    @transaction.atomic
    def _decide(self, client: str, job: str, amount: int) -> Reserved | tuple[str, Exception]:
        """A refusal is answered, not raised: it is written down too."""
        now = self._now().astimezone(UTC)
        day = now.date()
        rows = [_locked(account, of) for account, of in _accounts(client, day, job)]
        TokenReservation.objects.filter(client=client, expires_at__lte=now).delete()
        for row, refusal in zip(rows, (self._client_refusal, self._job_refusal), strict=True):
            if decided := refusal(row, amount, now):
                if isinstance(decided[1], Refused):
                    TokenUsage.objects.filter(pk=row.pk).update(refused=F("refused") + 1)
                return decided
        held = TokenReservation.objects.create(
            client=client,
            day=day,
            job=job,
            amount=amount,
            expires_at=now + timedelta(seconds=self._limits.lifetime),
        )
        return Reserved(held.pk, client, day, job)

    def _client_refusal(self, row: TokenUsage, amount: int, now: datetime) -> tuple[str, Exception] | None:
        limit = self._limits.client_day
        if not limit:
            return None
        if row.total + amount > limit:
            frees = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
            whole = (
                "" if amount <= limit else " That is more than a whole day's, so a smaller call is needed."
            )
            return "client", Refused(
                FailureClass.BUDGET,
                f"Of the day's {limit} tokens {limit - row.total} are left, this call may need {amount}. "
                f"It frees at {frees:%Y-%m-%dT%H:%MZ}.{whole}",
            )
        open_ = TokenReservation.objects.filter(client=row.account, day=now.date())
        return ("client", _busy()) if row.total + _sum(open_, now) + amount > limit else None

    def _job_refusal(self, row: TokenUsage, amount: int, now: datetime) -> tuple[str, Exception] | None:
        limit = self._limits.job
        if not limit:
            return None
        if row.total + amount > limit:
            return "job", Refused(
                FailureClass.BUDGET,
                f"Of the job's {limit} tokens {limit - row.total} are left, this call may need {amount}. "
                "It does not free by itself: raise MODEL_TOKENS_PER_JOB, or ask about a shorter excerpt.",
            )
        open_ = TokenReservation.objects.filter(job=row.account)
        return ("job", _busy()) if row.total + _sum(open_, now) + amount > limit else None


def _accounts(client: str, day: date, job: str) -> list[tuple[str, date | None]]:
    """The two rows of a call, in the order in which they are locked."""
    return [(client, day), (job, None)]


def _busy() -> TransientError:
    return TransientError("token budget", "calls under way hold the rest of it")


def _sum(reservations: QuerySet[TokenReservation], now: datetime) -> int:
    return reservations.filter(expires_at__gt=now).aggregate(total=Sum("amount"))["total"] or 0


def _locked(account: str, day: date | None) -> TokenUsage:
    """The row of an account, made when it is first needed, and locked."""
    rows = TokenUsage.objects.select_for_update().filter(account=account, day=day)
    if (row := rows.first()) is None:
        TokenUsage.objects.bulk_create([TokenUsage(account=account, day=day)], ignore_conflicts=True)
        row = rows.get()
        _clear()
    return row


def _clear() -> None:
    """Delete some of the usage that is too old to matter, without waiting for anybody."""
    old = (
        TokenUsage.objects.select_for_update(skip_locked=True)
        .filter(updated_at__lt=timezone.now() - KEPT)
        .values_list("pk", flat=True)[:CLEARED]
    )
    TokenUsage.objects.filter(pk__in=list(old)).delete()
