"""Search by part of the text goes through its index."""

import pytest
from django.db import connection

from jobs.models import LogEntry
from tests.factories import make_log

pytestmark = pytest.mark.django_db


def test_the_search_uses_the_index_of_parts() -> None:
    make_log()
    with connection.cursor() as sql:
        sql.execute("SET LOCAL enable_seqscan = off")
    plan = LogEntry.objects.filter(content__icontains="connection is not").order_by().explain()
    assert "log_content_parts" in plan
