"""The catalogue of failures."""

from pathlib import Path

import pytest

from heimdall_project.events.jobs import FailureClass
from jobs import failures
from jobs.failures import CATALOGUE, Retry


def test_every_class_of_failure_is_in_the_catalogue() -> None:
    assert set(CATALOGUE) == set(FailureClass)


@pytest.mark.parametrize("failure_class", sorted(FailureClass))
def test_an_entry_says_what_it_means_and_what_to_do(failure_class: FailureClass) -> None:
    entry = failures.entry(failure_class)
    assert entry and entry.failure_class == failure_class
    assert entry.meaning.endswith(".") and entry.advice.endswith(".")
    assert failures.title(failure_class) == entry.title and failures.hint(failure_class) == entry.advice


def test_what_fails_at_once_is_not_helped_by_sending_it_again_unless_something_else_changed() -> None:
    hopeless = {each.failure_class for each in CATALOGUE.values() if not each.redrive_helps}
    assert hopeless == {"input_too_large", "no_evidence", "invalid_request"}
    assert all(CATALOGUE[FailureClass(each)].retry is Retry.NEVER for each in hopeless)


@pytest.mark.parametrize("name", ["", "cancelled", "nonsense"])
def test_a_name_that_is_none_has_no_entry(name: str) -> None:
    assert failures.entry(name) is None
    assert (failures.title(name), failures.hint(name)) == (name, "")


def test_the_table_of_the_documentation_is_that_of_the_catalogue() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs/jobs.md").read_text()
    documented = text.partition("by a test -->\n")[2].partition("\n<!-- /failures -->")[0]
    assert documented == failures.table()
