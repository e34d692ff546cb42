"""The same event id again, later: with the same body, and with another one."""

from .writers import VIEWS, Writers, view


def test_of_an_id_that_comes_again_later_the_first_copy_stays_and_another_body_is_counted(
    writers: Writers,
) -> None:
    with writers.write():
        writers.send(VIEWS, [(b"first", view("a")), (b"first", view("b", content_id="first"))])
        writers.await_written()
    with writers.write():
        again = [(b"elsewhere", view("a")), (b"another", view("b", content_id="second"))]
        writers.send(VIEWS, [*again, (b"first", view("c"))])
        writers.await_written()
    kept = "SELECT content_id FROM page_views FINAL ORDER BY event_id"
    assert writers.column(kept) == ["of-a", "first", "of-c"]
    writers.clickhouse.command("OPTIMIZE TABLE page_views FINAL")
    assert writers.column(kept.replace(" FINAL", "")) == ["of-a", "first", "of-c"]
    writers.assert_kept(["a", "b", "c"])
    report = writers.checked()
    assert (report["arrived"], report["duplicates"], report["conflicts"]) == (5, 2, 1)


def test_an_hour_later_the_first_copy_still_stands_and_each_hour_counts_its_own_records(
    writers: Writers,
) -> None:
    names = [f"e{number}" for number in range(20)]
    writers.send_at([view(name, content_id="first") for name in names], hours_ago=1)
    with writers.write():
        writers.await_written()
        for table in ("page_views", "page_view_arrivals"):
            writers.clickhouse.command(f"OPTIMIZE TABLE {table} FINAL")
        same = [view(name, content_id="first") for name in names[:10]]
        writers.send_at([*same, *(view(name, content_id="second") for name in names[10:])], hours_ago=0)
        writers.await_written()
    writers.assert_kept(names)
    assert set(writers.column("SELECT content_id FROM page_views FINAL")) == {"first"}
    hours = writers.ask(
        "SELECT date_trunc('hour', minute), sum(count)::int FROM streams_ledgerentry GROUP BY 1"
    )
    assert [records for _, records in sorted(hours)] == [20, 20]
    report = writers.checked()
    assert (report["arrived"], report["duplicates"], report["conflicts"]) == (40, 20, 10)
