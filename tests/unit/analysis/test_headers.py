"""Headers of common formats, taken apart without settings."""

import pytest

from analysis.mining import LogLine, split_header

CASES = [
    ("081109 203615 148 INFO dfs.DataNode: done", ("INFO", "dfs.DataNode", "148", "done")),
    ("17/06/09 20:10:40 INFO spark.Manager: on", ("INFO", "spark.Manager", None, "on")),
    ("2015-10-18 18:01:47,978 WARN [main] a.b.C: x: y", ("WARNING", "a.b.C", None, "x: y")),
    ("2015-10-18 18:01:47,978 WARN [pool #1 of 2] a.b.C: x", ("WARNING", "a.b.C", None, "x")),
    ("2015-07-29 17:41:44,747 - INFO  [Peer[id=1]/0:0:2181:Elect@774] - Out: 3", (
        "INFO", "Elect", None, "Out: 3")),
    ("nova.log 2017-05-16 00:00:00.008 25 INFO nova.api [req-1 a - -] [instance: 7] up", (
        "INFO", "nova.api", "25", "[instance: 7] up")),
    ("Dec 10 06:55:46 host sshd[24200]: Invalid user a", (None, "sshd", "24200", "Invalid user a")),
    ("Jun 14 15:16:01 host su(pam_unix)[19]: check pass", (None, "su(pam_unix)", "19", "check pass")),
    ("Jul  1 09:00:55 mac Google Chrome[7]: hi", (None, "Google Chrome", "7", "hi")),
    ("Jul  1 09:00:55 mac a.b.launchd[1] (a.b.c[9]): hi", (None, "a.b.launchd", "1", "hi")),
    ("[Sun Dec 04 04:47:44 2005] [error] [client 10.0.0.1] no", (
        "ERROR", None, None, "[client 10.0.0.1] no")),
    ("- 1117838570 2005.06.03 R02-M1 2005-06-03-15.42.50.675872 R02-M1 RAS KERNEL INFO ok", (
        "INFO", "KERNEL", None, "ok")),
    ("- 1131566461 2005.11.09 dn228 Nov 9 12:01:01 dn228/dn228 crond[29]: ok", (None, "crond", "29", "ok")),
    ("2016-09-28 04:30:30, Info                  CBS    Loaded it", ("INFO", "CBS", None, "Loaded it")),
    ("03-17 16:13:38.811  1702  2395 D PowerManager: on", ("DEBUG", "PowerManager", "1702", "on")),
    ("20171223-22:15:29:606|Step_LSC|30002312|onStep 3", (None, "Step_LSC", "30002312", "onStep 3")),
    ("[10.30 16:49:06] chrome.exe *64 - a:443 close", (None, "chrome.exe", None, "a:443 close")),
    ("E1024 10:11:12.123456    1234 pod_workers.go:190] bad", ("ERROR", "pod_workers.go", "1234", "bad")),
    ("2024-03-01 10:00:00.1 UTC [7] LOG:  ready", ("INFO", None, "7", "ready")),
    ("2024-03-01T10:00:00Z ERROR [shop,a1] 1 --- [exec-1] c.a.Order : bad", (
        "ERROR", "c.a.Order", "1", "bad")),
    ("2024-03-01 10:00:00.123 [http-1] ERROR c.e.Foo - bad", ("ERROR", "c.e.Foo", None, "bad")),
    ("[2024-03-01 10:00:00,123: ERROR/Pool-1] Task failed", ("ERROR", "Pool-1", None, "Task failed")),
    ("2024-03-01 10:00:00,123 - app.db - ERROR - no", ("ERROR", "app.db", None, "no")),
    ("web-1  | 2024-03-01 10:00:00 ERROR django.request no", ("ERROR", "django.request", None, "no")),
    ("<34>1 2003-10-11T22:14:15.003Z host su 77 ID47 - failed", (None, "su", "77", "failed")),
    ("[12345.678901] Out of memory", (None, None, None, "Out of memory")),
    ("[2024-11-12 14:00:02,100] WARN [Raft id=1] lost (kafka.Client)", (
        "WARNING", "kafka.Client", None, "[Raft id=1] lost (kafka.Client)")),
    ('{"time": "10:00", "level": "error", "logger": "db", "msg": "no", "err": "eof"}', (
        "ERROR", "db", None, "no: eof")),
    ("time=2024-03-01T10:00:00Z level=warning component=api msg=x", (
        "WARNING", "api", None, "component=api msg=x")),
    ("ERROR:urllib3.pool:Retrying", ("ERROR", "urllib3.pool", None, "ERROR:urllib3.pool:Retrying")),
    ("2024-03-01T10:00:00Z [warning  ] Worker ended. [a.b.supervisor] code=1", (
        "WARNING", "a.b.supervisor", None, "Worker ended. [a.b.supervisor] code=1")),
    ("[ERROR] no time", ("ERROR", None, None, "[ERROR] no time")),
    ("Error while reading", (None, None, None, "Error while reading")),
    ("\x1b[31m2024-03-01 10:00:00 ERROR a.b: no\x1b[0m", ("ERROR", "a.b", None, "no")),
    ("    at a.b.C(D.java:1)", (None, None, None, "    at a.b.C(D.java:1)")),
]  # fmt: skip


@pytest.mark.parametrize(("line", "expected"), CASES, ids=[case[0][:32] for case in CASES])
def test_a_header_is_taken_apart(line: str, expected: tuple[str | None, ...]) -> None:
    found: LogLine = split_header(line)
    assert (found.level, found.component, found.pid, found.message) == expected


def test_the_time_is_kept_as_written() -> None:
    assert split_header("03-17 16:13:38.811  1  2 D A: x").timestamp == "03-17 16:13:38.811"


def test_an_exception_is_not_taken_for_a_component() -> None:
    found = split_header("2024-03-01 10:00:00 ERROR java.net.ConnectException: refused")
    assert (found.component, found.message) == (None, "java.net.ConnectException: refused")


def test_json_that_is_no_log_line_is_a_message() -> None:
    for line in ('{"a": 1}', "{not json", '{"msg": {"deep": 1}}', "{" * 5_000):
        assert split_header(line).message == line
