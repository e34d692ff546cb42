"""The worker that answers requests for analysis."""

import os
import re
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cached_property, partial

from django.conf import settings

from heimdall_project.events.jobs import AnalysisRequested, Priority
from heimdall_project.streams import consumer as streams
from heimdall_project.streams.at_record import at_record
from heimdall_project.streams.consumer import ConcurrentConsumer, Delivery
from heimdall_project.streams.outcomes import DUPLICATE, STORED, Rule, Verdict, dropped
from heimdall_project.streams.records import Record
from heimdall_project.streams.registry import register
from heimdall_project.streams.retry import RetryPolicy
from heimdall_project.streams.topics import Topic
from jobs.services import Hop

from .analyzer import Analyzer, is_quick
from .providers import longest_try, opened
from .services import Handled, Handling, Keeper, Request

VERDICTS = {
    Handled.ANSWERED: STORED,
    Handled.REPEATED: DUPLICATE,
    Handled.ANSWERED_ELSEWHERE: DUPLICATE,
    Handled.ENDED: dropped(Rule.LATE),
}
TOGETHER = 50
"""Requests handed over together at most, where answers are computed here."""
QUICK_CONCURRENCY = 2
"""Threads then: one computes while the other waits for PostgreSQL. More would only wait for each other."""
_KEY = b'"priority"'
_VALUE = re.compile(rb'\s*:\s*"([A-Z]{3,8})"')
_NORMAL = Priority.NORMAL.rank
_RANKS = {each.value.encode(): each.rank for each in Priority}


@register
class AnalysisWorker(ConcurrentConsumer[AnalysisRequested]):
    """Analyses logs and stores each outcome together with its result event.

    Idempotent by request_id: the outcome of a request is stored once, and one that comes again is
    answered from it.
    """

    name = "analysis-worker"
    topic = Topic.ANALYSIS_REQUEST
    event = AnalysisRequested
    concurrency = settings.ANALYSIS_CONCURRENCY
    unfinished = 100
    handler_budget = longest_try()
    retry = RetryPolicy(attempts=settings.JOB_ATTEMPTS, base=settings.JOB_RETRY_BACKOFF, ceiling=60.0)

    def __init__(self, analyzer: Analyzer | None = None) -> None:
        self._analyzer = analyzer
        self._opened = ExitStack()
        self._worker = f"{socket.gethostname()}:{os.getpid()}"
        self._keeper = Keeper(self._worker)

    def start(self) -> None:
        """Open the engine, and begin to renew the claims of what is in hand."""
        if self._analyzer is None:
            self._analyzer = self._opened.enter_context(opened())
        if is_quick(self._analyzer):
            self.most, self.concurrency = TOGETHER, min(self.concurrency, QUICK_CONCURRENCY)
        self._keeper.start()

    def close(self) -> None:
        """End both."""
        self._keeper.close()
        self._opened.close()

    def urgency(self, record: Record) -> int:
        """By priority, read off the bytes: quotes inside of the log are escaped, so they cannot match."""
        value = record.value or b""
        where = value.find(_KEY)
        match = _VALUE.match(value, where + len(_KEY)) if where >= 0 else None
        return _RANKS.get(match[1], _NORMAL) if match else _NORMAL

    def handle(self, delivery: Delivery[AnalysisRequested]) -> Verdict:
        """Answer one request."""
        [end] = self._handling.requests_handle(requests=[Request(delivery.event, Hop.of(delivery.record))])
        if isinstance(end, Handled):
            return VERDICTS[end]
        raise end or RuntimeError("the only request was left")

    def handle_many(
        self, deliveries: Sequence[Delivery[AnalysisRequested]], go_on: Callable[[], bool]
    ) -> list[streams.End]:
        """Answer requests together."""
        requests = [
            Request(event, Hop.of(record), partial(at_record, self, record))
            for record, event, _ in deliveries
        ]
        ends = self._handling.requests_handle(requests=requests, go_on=go_on)
        return [VERDICTS[end] if isinstance(end, Handled) else end for end in ends]

    @cached_property
    def _handling(self) -> Handling:
        if self._analyzer is None:
            raise RuntimeError("the worker was not started")
        return Handling(worker=self._worker, analyzer=self._analyzer, keeper=self._keeper)
