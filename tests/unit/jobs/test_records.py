"""Lines to records."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.importing import records
from jobs.importing.records import LONGEST_RECORD, starts_record

HEADERS = """\
081109 203615 148 INFO dfs.DataNode$PacketResponder: PacketResponder 1 terminating
2015-10-18 18:01:47,978 INFO [main] org.apache.hadoop.mapreduce: Created MRAppMaster
Dec 10 06:55:46 LabSZ sshd[24200]: Invalid user webmaster from 173.234.31.186
Jul  1 09:00:55 calvisitor-10-105-160-95 kernel[0]: IOThunderboltSwitch
nova-api.log.1.2017-05-16_13:53:08 2017-05-16 00:00:00.008 25746 INFO nova.osapi_compute.wsgi.server [req-1]
17/06/09 20:10:40 INFO executor.CoarseGrainedExecutorBackend: Registered signal handlers
03-17 16:13:38.811  1702  2395 D WindowManager: printFreezingDisplayLogsopening
[Sun Dec 04 04:47:44 2005] [notice] workerEnv.init() ok /etc/httpd/conf/workers2.properties
10.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326
- 1117838570 2005.06.03 R02-M1-N0-C:J12-U11 2005-06-03-15.42.50.363779 RAS KERNEL INFO corrected
20171223-22:15:29:606|Step_LSC|30002312|onStandStepChanged 3579
2016-09-28 04:30:30, Info                  CBS    Loaded Servicing Stack v6.1.7601.23505
[10.30 16:49:06] chrome.exe - proxy.cse.cuhk.edu.hk:5070 open through proxy
{"ts": "2026-11-21T09:14:57Z", "level": "error", "msg": "no"}
time="2026-11-21T09:14:57Z" level=info msg="ready"
<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - failed
I0102 15:04:05.678901   12345 server.go:42] listening
orders-1  | 2026-11-21 09:14:57,101 ERROR no
INFO:     127.0.0.1:52390 - "GET / HTTP/1.1" 200 OK
[ERROR] Failed to execute goal
16:49:06.123 [main] DEBUG c.e.App - hello
1699999999.123 worker started""".splitlines()

CONTINUATIONS = """\
\tat com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:213)
at Object.<anonymous> (/srv/app/index.js:10:7)
Caused by: java.net.ConnectException: Connection refused at 2026-11-21 09:14:57
    ... 23 more
... 12 common frames omitted
Suppressed: java.io.IOException: closed
Traceback (most recent call last):
  File "/srv/app/main.py", line 12, in <module>
ValueError: invalid literal for int()
java.lang.IllegalStateException: no
goroutine 1 [running]:
Error: connect ECONNREFUSED 10.20.30.40:5432
During handling of the above exception, another exception occurred:
the host 10.20.30.40 is down""".splitlines()


@pytest.mark.parametrize("line", HEADERS)
def test_a_line_with_time_level_or_json_starts_a_record(line: str) -> None:
    assert starts_record(line)


@pytest.mark.parametrize("line", [*CONTINUATIONS, ""])
def test_a_line_of_a_stack_trace_starts_none(line: str) -> None:
    assert not starts_record(line)


def test_a_stack_trace_stays_with_its_record() -> None:
    lines = [HEADERS[1], *CONTINUATIONS, HEADERS[1], HEADERS[1]]
    assert [len(record) for record in records(lines)] == [1 + len(CONTINUATIONS), 1, 1]


def test_in_a_log_without_headers_each_line_is_a_record_and_indented_ones_belong() -> None:
    assert list(records(["one", "two", "  more of two", "three"])) == [
        ["one"],
        ["two", "  more of two"],
        ["three"],
    ]


def test_a_record_without_end_is_cut_at_its_bound() -> None:
    lines = [HEADERS[0]] + ["x" * 1000] * 1000
    sizes = [sum(map(len, record)) for record in records(lines)]
    assert max(sizes) <= LONGEST_RECORD


@given(st.lists(st.sampled_from([*HEADERS, *CONTINUATIONS, "", "word"])))
def test_no_line_is_lost_or_moved(lines: list[str]) -> None:
    assert [line for record in records(lines) for line in record] == lines
