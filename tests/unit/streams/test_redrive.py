"""Redrive marks: only ours count, and only on the record that they were made for."""

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from heimdall_project.streams import redrive
from heimdall_project.streams.consumer import Redrive
from heimdall_project.streams.records import Record

THOROUGH = settings(max_examples=200, deadline=None, derandomize=True, database=None)
BYTES = st.none() | st.binary(max_size=40)
SIGNED = st.fixed_dictionaries(
    {
        "topic": st.sampled_from(["analysis.request", "analysis.result", "log-events"]),
        "key": BYTES,
        "value": BYTES,
        "redrive_id": st.text("abc-", min_size=1, max_size=64),
        "group": st.sampled_from(["heimdall.a", "heimdall.ab", "heimdall.b"]),
        "count": st.integers(1, 1000),
    }
)

ONE: dict[str, Any] = {
    "topic": "log-events", "key": b"k", "value": b"v", "redrive_id": "r", "group": "g", "count": 1
}  # fmt: skip


def carrying(signed, headers, **changed):
    """A record with these marks, wherever they came from."""
    at = signed | changed
    return Record(at["topic"], 0, 0, 0, at["key"], at["value"], headers)


def relabelled(headers, name, value):
    return [(each, value if each == name else held) for each, held in headers]


@given(SIGNED)
@THOROUGH
def test_a_mark_of_ours_is_read_back(signed):
    found = redrive.read(carrying(signed, redrive.marks(**signed)))
    assert found == redrive.Addressed(signed["group"], Redrive(signed["redrive_id"], signed["count"]))


@given(SIGNED, st.sampled_from(["topic", "key", "value"]), SIGNED)
@THOROUGH
def test_a_mark_moved_to_another_record_counts_for_nothing(signed, what, other):
    assume(signed[what] != other[what])
    assert redrive.read(carrying(signed, redrive.marks(**signed), **{what: other[what]})) is None


@given(SIGNED, st.sampled_from([redrive.ID, redrive.FOR, redrive.COUNT, redrive.MAC]), st.binary(max_size=70))
@THOROUGH
def test_a_mark_that_was_changed_counts_for_nothing(signed, name, value):
    marks = redrive.marks(**signed)
    assume(dict(marks)[name] != value)
    assert redrive.read(carrying(signed, relabelled(marks, name, value))) is None


@given(SIGNED, st.sampled_from([redrive.ID, redrive.FOR, redrive.COUNT, redrive.MAC]), st.data())
@THOROUGH
def test_a_second_header_of_the_same_name_does_not_change_what_is_read(signed, name, data):
    """The last one counts for the check and for the reading alike."""
    marks = redrive.marks(**signed)
    value = data.draw(st.none() | st.binary(max_size=20))
    assert redrive.read(carrying(signed, [(name, value), *marks])) is not None
    assume(value is not None and value != dict(marks)[name])
    assert redrive.read(carrying(signed, [*marks, (name, value)])) is None


@given(SIGNED, st.sets(st.sampled_from([redrive.ID, redrive.FOR, redrive.COUNT, redrive.MAC]), min_size=1))
@THOROUGH
def test_an_incomplete_mark_counts_for_nothing(signed, missing):
    marks = [(name, value) for name, value in redrive.marks(**signed) if name not in missing]
    assert redrive.read(carrying(signed, marks)) is None


@given(st.lists(st.tuples(st.sampled_from(sorted(redrive.MARKS)), st.none() | st.binary()), max_size=8))
@THOROUGH
def test_whatever_headers_say_reading_them_raises_nothing(headers):
    assert redrive.read(Record("log-events", 0, 0, 0, b"k", b"v", headers)) is None


def test_no_key_and_an_empty_key_are_different_records():
    signed = ONE | {"key": None, "value": b""}
    marks = redrive.marks(**signed)
    assert redrive.read(carrying(signed, marks)) is not None
    assert redrive.read(carrying(signed, marks, key=b"")) is None
    assert redrive.read(carrying(signed, marks, value=None)) is None


def test_marks_made_before_the_key_was_changed_count_while_it_is_a_fallback(settings):
    marks = redrive.marks(**ONE)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another-key"
    assert redrive.read(carrying(ONE, marks)) is None
    settings.SECRET_KEY_FALLBACKS = [old]
    assert redrive.read(carrying(ONE, marks)) is not None


def test_a_topic_has_one_redrive_target(monkeypatch):
    monkeypatch.setattr(redrive, "_targets", {})

    @redrive.redrive_target("log-events")
    class Target:
        def takes(self, letter):
            return letter.key == b"ours"

        def redrive(self, letter, *, redrive_id, actor, reason):
            return ""

        def state(self, reference):
            return "pending"

        def came_of(self, letters):
            return [""] * len(letters)

    assert isinstance(redrive.target("log-events"), Target)
    assert redrive.target("analysis.request") is None
    with pytest.raises(ValueError, match="has a redrive target already"):
        redrive.redrive_target("log-events")(Target)


def test_a_target_takes_its_own_letters_and_leaves_the_others_to_republishing(monkeypatch):
    monkeypatch.setattr(redrive, "_targets", {})

    @redrive.redrive_target("log-events")
    class Target:
        def takes(self, letter):
            return letter.key == b"ours"

        def redrive(self, letter, *, redrive_id, actor, reason):
            return ""

        def state(self, reference):
            return "pending"

        def came_of(self, letters):
            return [""] * len(letters)

    def letter(key, topic="log-events"):
        return redrive.Letter(topic=topic, key=key, value=None, headers={})

    assert isinstance(redrive.target_for(letter(b"ours")), Target)
    assert redrive.target_for(letter(b"theirs")) is None
    assert redrive.target_for(letter(b"ours", "analysis.result")) is None
