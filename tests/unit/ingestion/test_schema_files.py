"""Migrations as files, and what is left to do."""

import re

import pytest

from ingestion.schema.files import SchemaError, parse, read
from ingestion.schema.plan import Entry, State, steps

TEXT = """-- What it is for; with a semicolon;
CREATE TABLE a (x String DEFAULT ';--');

-- and
INSERT INTO a
SELECT 'x';

-- back
DROP TABLE a;
"""


def files(count=3):
    return [
        parse(f"{number:03}_step.sql", f"SELECT {number};\n-- back\nSELECT -{number};\n")
        for number in range(1, count + 1)
    ]


def entry(file, state=State.DONE, **changes):
    values = {"number": file.number, "name": file.name, "checksum": file.checksum, "state": state}
    return Entry(**(values | changes))


def said(found):
    return [str(step) for step in found]


def test_statements_end_with_a_line_and_comments_are_not_sent():
    migration = parse("001_a.sql", TEXT)
    assert migration.forward == ("CREATE TABLE a (x String DEFAULT ';--')", "INSERT INTO a\nSELECT 'x'")
    assert migration.back == ("DROP TABLE a",)


@pytest.mark.parametrize(
    ("name", "text"),
    [("1_a.sql", TEXT), ("001-a.sql", TEXT), ("001_a.sql", "SELECT 1;"), ("001_a.sql", "-- back\nSELECT 1;")],
)
def test_a_file_that_is_no_migration_is_named(name, text):
    with pytest.raises(SchemaError, match=re.escape(name)):
        parse(name, text)


def test_numbers_have_neither_gaps_nor_doubles(tmp_path):
    (tmp_path / "001_a.sql").write_text(TEXT)
    (tmp_path / "003_b.sql").write_text(TEXT)
    with pytest.raises(SchemaError, match=r"003_b\.sql: the next number is 002"):
        read(tmp_path)


def test_every_statement_of_ours_can_be_run_twice():
    for migration in read():
        for statement in (*migration.forward, *migration.back):
            assert re.match(
                r"(CREATE|ALTER .* ADD INDEX) .*IF NOT EXISTS|(ALTER .* )?DROP .*IF EXISTS"
                r"|INSERT INTO page_view_arrivals\n|ALTER .* MATERIALIZE INDEX ",
                statement,
            )


def test_what_is_not_done_is_applied_in_order():
    one, two, three = files()
    assert said(steps([one, two, three], [])) == ["001_step.sql", "002_step.sql", "003_step.sql"]
    assert said(steps([one, two, three], [entry(one), entry(two, State.STARTED)])) == [
        "002_step.sql",
        "003_step.sql",
    ]
    assert steps([one, two, three], map(entry, [one, two, three])) == []


def test_going_back_undoes_the_latest_first_even_what_was_only_begun():
    one, two, three = files()
    found = steps([one, two, three], [entry(one), entry(two), entry(three, State.STARTED)], to=1)
    assert said(found) == ["undo 003_step.sql", "undo 002_step.sql"]
    assert found[0].statements == ("SELECT -3",)


def test_what_was_half_undone_is_undone_or_applied_again():
    one, two = files(2)
    half = [entry(one), entry(two, State.LEAVING)]
    assert said(steps([one, two], half, to=1)) == ["undo 002_step.sql"]
    assert said(steps([one, two], half)) == ["002_step.sql"]


def test_what_was_undone_is_as_if_it_had_never_been():
    one, two = files(2)
    assert said(steps([one, two], [entry(one), entry(two, State.LEFT, checksum="other")])) == ["002_step.sql"]


def test_a_file_that_changed_after_it_was_applied_is_named():
    one, two = files(2)
    with pytest.raises(SchemaError, match=r"001_step\.sql differs"):
        steps([one, two], [entry(one, checksum="other")])


def test_a_file_that_never_came_to_its_end_may_be_corrected():
    one, two = files(2)
    log = [entry(one), entry(two, State.STARTED, checksum="other")]
    assert said(steps([one, two], log)) == ["002_step.sql"]


def test_what_a_newer_version_applied_is_named():
    one, two = files(2)
    with pytest.raises(SchemaError, match=r"002_step\.sql is applied, and not among the files"):
        steps([one], [entry(one), entry(two)])


def test_there_is_no_way_to_a_version_that_does_not_exist():
    with pytest.raises(SchemaError, match="no migration 007"):
        steps(files(), [], to=7)
