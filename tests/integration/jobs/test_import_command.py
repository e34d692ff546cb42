"""`manage.py import_logs`."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from jobs.models import LogEntry

pytestmark = pytest.mark.django_db
JAVA = """\
2026-11-21 09:14:57,101 ERROR [main] c.a.Orders: no connection
java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available
\tat com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:213)
Caused by: java.net.SocketTimeoutException: Read timed out
\t... 23 more
"""
PYTHON = """\
[2026-11-21 09:14:58] ERROR accounts: failed
Traceback (most recent call last):
  File "/srv/app/views.py", line 88, in get
    user = User.objects.get(pk=pk)
ValueError: no
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of two records with their traces, twenty times."""
    path = tmp_path / "app.log"
    path.write_text((JAVA + PYTHON) * 20)
    return path


def run(*arguments: object, service: str = "orders") -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("import_logs", *map(str, arguments), "--service", service, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_traces_stay_with_their_records_and_nothing_is_lost(log: Path) -> None:
    out, _ = run(log, "--lines-per-entry", 12)
    contents = list(LogEntry.objects.order_by("id").values_list("content", flat=True))
    assert contents == [(JAVA + PYTHON).rstrip("\n")] * 20
    assert "200 lines in 40 records; 20 entries stored" in out


def test_an_entry_knows_where_it_is_from(log: Path) -> None:
    run(log, "--environment", "staging")
    entry = LogEntry.objects.get()
    assert (entry.service_name, entry.environment, entry.source) == ("orders", "staging", "app.log")
    assert (entry.level, str(entry.logged_at)) == ("ERROR", "2026-11-21 09:14:57.101000+00:00")


def test_a_second_run_stores_nothing(log: Path) -> None:
    run(log, "--lines-per-entry", 12)
    out, _ = run(log, "--lines-per-entry", 12)
    assert "0 entries stored, 20 were there already" in out
    assert LogEntry.objects.count() == 20


def test_a_grown_file_brings_what_is_new_and_its_last_entry_again(log: Path) -> None:
    run(log, "--lines-per-entry", 12)
    with log.open("a") as grown:
        grown.write("2026-11-21 09:15:00,000 INFO [main] c.a.Orders: back\n")
    out, _ = run(log, "--lines-per-entry", 12)
    assert "1 entries stored, 19 were there already" in out


def test_a_dry_run_stores_nothing(log: Path) -> None:
    out, _ = run(log, "--dry-run")
    assert "1 entries would be stored" in out and not LogEntry.objects.exists()


def test_bad_bytes_and_nuls_are_told(tmp_path: Path) -> None:
    path = tmp_path / "bad.log"
    path.write_bytes(b"INFO caf\xe9\0\n")
    _, err = run(path)
    assert "1 bytes did not fit the encoding" in err and "1 NUL characters" in err
    assert LogEntry.objects.get().content == "INFO caf\ufffd"


def test_another_encoding_is_hinted_at_and_then_read(tmp_path: Path) -> None:
    path = tmp_path / "wide.log"
    path.write_text("연결 거부\n" * 5, encoding="utf-16")
    assert "try --encoding utf-16" in run(path, "--dry-run")[1]
    run(path, "--encoding", "utf-16")
    assert LogEntry.objects.get().content.startswith("연결 거부\n")


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(JAVA.encode())))
    assert "standard input: 5 lines in 1 records; 1 entries stored" in run("-")[0]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["/nowhere/app.log"], "/nowhere/app.log: no such file"),
        (["/"], "/: not a plain file"),
        (["app.log", "--encoding", "klingon"], "unknown encoding 'klingon'"),
        (["app.log", "--environment", " "], "--environment must have 1 to 64 characters"),
    ],
)
def test_a_mistake_is_named_before_anything_is_stored(arguments: list[str], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        run(*arguments)


def test_nothing_is_stored_if_one_of_the_files_is_missing(log: Path) -> None:
    with pytest.raises(CommandError):
        run(log, log.parent / "missing.log")
    assert not LogEntry.objects.exists()
