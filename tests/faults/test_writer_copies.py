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
