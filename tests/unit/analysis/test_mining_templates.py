"""What single decisions of the miner look like."""

from itertools import pairwise

import pytest

from analysis.mining import mine


def texts(*lines: str) -> list[str]:
    """The templates of a few lines, in order."""
    return [template.text for template in mine(lines).templates]


@pytest.mark.parametrize(
    ("line", "template"),
    [
        ("took 15 ms", "took <*>"),
        ("took 1.5s at 10:00:01", "took <*> at <*>"),
        ("from 10.0.0.1:8080 to db-1.example.com:5432", "from <*> to <*>"),
        ("mail to ann@example.com", "mail to <*>"),
        ("mac 00:11:43:e3:ba:c3 up", "mac <*> up"),
        ("file /var/log/app.log removed", "file <*> removed"),
        ("opened C:\\Windows\\x.dll twice", "opened <*> twice"),
        ("request 550e8400-e29b-41d4-a716-446655440000 done", "request <*> done"),
        ("flags=0x1f mask=ffffff01", "flags=<*> mask=<*>"),
        ("deleted blk_-38865049064139660 now", "deleted blk_<*> now"),
        ("ids [1, 2, 3] and [4]", "ids [<*>] and [<*>]"),
        ("at Sat Jun 18 02:08:10 2005 again", "at <*> again"),
        ("PSU status ( on off )", "PSU status ( <*> )"),
        ("ready=true,mode=false", "ready=<*>,mode=<*>"),
        ("lifetime <1 sec", "lifetime <*>"),
        ("peers node-1 0xa <ok> node-2 0xb <ok> gone", "peers <*> <*> <ok> gone"),
        ("using ssh2 on eth0", "using ssh2 on eth0"),
        ("I/O error, load/store failed", "I/O error, load/store failed"),
    ],
)
def test_values_are_known_by_their_shape(line: str, template: str) -> None:
    assert texts(line) == [template]


def test_a_word_that_varies_much_is_a_slot() -> None:
    users = ["ann", "bob", "cid", "dan", "eve", "fay"]
    assert texts(*[f"session of {user} was closed" for user in users]) == ["session of <*> was closed"]


def test_words_that_tell_a_state_are_never_a_slot() -> None:
    states = ["Started", "Paused", "Resumed", "Stopped", "Deleted", "Migrated", "Suspended"]
    lines = [f"[instance: 7] VM {state} (Lifecycle Event)" for state in states]
    assert len(texts(*lines)) == len(states)


def test_transitions_between_states_stay_apart() -> None:
    states = ["NEW", "INITED", "SETUP", "RUNNING", "COMMITTING", "SUCCEEDED", "FAILED", "KILLED"]
    lines = [f"job_1 Transitioned from {one} to {two}" for one, two in pairwise(states)]
    assert len(texts(*lines)) == len(lines)


def test_a_number_beside_a_name_shows_that_the_name_is_a_value() -> None:
    lines = ["invalid user 0 from 10.0.0.1 port 5", "invalid user admin from 10.0.0.2 port 6"]
    assert texts(*lines) == ["invalid user <*> from <*> port <*>"]


def test_arguments_in_brackets_may_have_any_length() -> None:
    commands = ["/bin/a", "run-parts /etc/x", "cd /srv then make all", "test -x /bin/b", "sync", "df now"]
    assert texts(*[f"(root) CMD ({command})" for command in commands]) == ["(root) CMD (<*>)"]


def test_short_identifiers_are_shown_where_they_do_not_vary() -> None:
    assert texts("eth0: link up", "eth1: link up") == ["eth<*>: link up"]
    assert texts("eth0: link up", "eth0: link up") == ["eth0: link up"]


def test_headers_of_a_batch_are_taken_off() -> None:
    lines = ["2024-01-01 10:00:00 INFO app.db: opened 1", "2024-01-01 10:00:01 INFO app.web: opened 2"]
    assert texts(*lines) == ["opened <*>"]


def test_headers_are_taken_off_where_traces_outnumber_them() -> None:
    frames = [f"\tat a.b.C.call(C.java:{line})" for line in range(9)]
    lines = [
        "2024-01-01 10:00:00 ERROR app.db: failed 1",
        *frames,
        "2024-01-01 10:00:01 ERROR app.db: failed 2",
    ]
    assert texts(*lines) == ["failed <*>", "at a.b.C.call(<*>)"]


def test_the_id_of_a_template_is_the_same_in_every_batch() -> None:
    one = mine(["took 5 ms", "hello"]).templates[0]
    two = mine(["bye", "took 99 ms"]).templates[1]
    assert one.id == two.id


def test_a_template_knows_its_lines() -> None:
    template = mine(["a 1", "b", "a 2", "a 3"]).templates[0]
    assert (template.count, template.lines, template.first, template.last) == (3, (1, 3, 4), 1, 4)


def test_a_template_matches_only_its_kind() -> None:
    template = mine(["took 5 ms for ann", "took 6 ms for ann"]).templates[0]
    assert template.matches("took 7 ms for ann")
    assert not template.matches("gave 7 ms for ann")
