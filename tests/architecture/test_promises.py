"""`tests/promises.md` names tests that exist, and every promise has something that would break it."""

import re
from pathlib import Path

import pytest

from tests.prove.mutations import MUTATIONS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "tests/promises.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[^`:]+\.py)(?:::(\w+))?`", TEXT)))
PROMISES = [int(number) for number in re.findall(r"^## (\d+)\.", TEXT, re.MULTILINE)]


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_every_test_that_is_named_exists(file: str, name: str) -> None:
    source = (ROOT / file).read_text()
    assert not name or f"def {name}(" in source


def test_every_promise_of_the_design_is_there_and_has_mutations() -> None:
    assert list(range(1, 11)) == PROMISES
    assert {mutation.promise for mutation in MUTATIONS} == set(PROMISES)
