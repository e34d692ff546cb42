"""Jobs served from the cache say so, to those who ask and in the event."""

import pytest
from pytest_django import Settings

from analysis.consumers import AnalysisWorker
from heimdall_project.events.jobs import AnalysisCompleted
from heimdall_project.streams.outcomes import STORED
from jobs.services import Hop, result_apply
from tests.factories import make_job, outbox_events

from .test_worker import request_of

pytestmark = pytest.mark.django_db


def test_the_second_job_with_the_same_log_is_served_from_the_cache(settings: Settings) -> None:
    settings.ANALYSIS_CACHE = "memory"
    first = make_job()
    second = make_job(owner=first.owner)
    worker = AnalysisWorker()
    worker.start()
    try:
        for job in (first, second):
            assert worker.handle(request_of(job)) is STORED
    finally:
        worker.close()
    answers = {each.request_id: each for each in outbox_events(AnalysisCompleted, "analysis.result")}
    fresh, served = answers[first.request_id], answers[second.request_id]
    assert (fresh.served_from_cache, served.served_from_cache) == (False, True)
    assert served.computed_at == fresh.computed_at
    result_apply(event=served, hop=Hop("analysis.result", 0, 1))
    second.refresh_from_db()
    assert (second.from_cache, second.computed_at) == (True, fresh.computed_at)
