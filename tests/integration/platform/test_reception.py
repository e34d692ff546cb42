"""Threads that wait keep no connection to the database."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from weakref import WeakSet

import pytest
from django.db import connection
from pytest_django import Settings

from heimdall_project.api import reception


@pytest.mark.django_db(transaction=True)
def test_as_many_threads_keep_a_connection_as_requests_are_worked_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "_keepers", WeakSet())
    settings.API_REQUESTS_AT_ONCE = 2
    at_once = Barrier(4)

    def work() -> bool:
        try:
            connection.ensure_connection()
            reception.leave_no_connection()
            at_once.wait(30)  # nobody has ended yet, which would make room
            return connection.connection is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        kept = [each.result(60) for each in [threads.submit(work) for _ in range(4)]]
    assert sorted(kept) == [False, False, True, True]
