"""The table of promises names what exists, and leaves nothing out."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.prove.mutations import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "tests/promises.md").read_text()
TESTS = sorted(set(re.findall(r"`(tests/\S+\.py::\w+)`", TABLE)))
MUTATED = re.findall(r"(?<!\*)\*([^*|\n]+)\*(?!\*)", TABLE)


def names_in(path: Path) -> Iterator[str]:
    """Names of the tests in a file, of functions and of what stands for a class."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id


@pytest.mark.parametrize("test", sorted({*TESTS, *(mutation.killer for mutation in MUTATIONS)}))
def test_every_named_test_exists(test: str) -> None:
    path, _, name = test.partition("::")
    assert name in set(names_in(ROOT / path))


def test_every_fault_test_is_named() -> None:
    faults = {
        f"tests/faults/{path.name}::{name}"
        for path in sorted((ROOT / "tests/faults").glob("test_*.py"))
        for name in names_in(path)
        if name.startswith("test_")
    }
    assert faults - set(TESTS) == set()


def test_every_promise_of_the_design_has_mutations() -> None:
    numbers = [int(number) for number in re.findall(r"(?m)^## (\d+)\.", TABLE)]
    assert numbers == list(range(1, 11)) == sorted({mutation.promise for mutation in MUTATIONS})


def test_the_table_names_the_mutations_and_no_others_each_once() -> None:
    assert sorted(MUTATED) == sorted(mutation.name for mutation in MUTATIONS)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_every_mutation_stands_under_its_promise_and_applies(mutation: Mutation) -> None:
    sections = re.split(r"(?m)^## (\d+)\. .*$", TABLE)
    under = dict(zip(sections[1::2], sections[2::2], strict=True))
    assert f"*{mutation.name}*" in under[str(mutation.promise)]
    for file, old, _ in mutation.edits:
        assert (ROOT / file).read_text().count(old) == 1, "its text is gone: `make prove` fails"
