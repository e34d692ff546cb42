"""Our source, as the architecture tests read it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("heimdall_project", "jobs", "ingestion", "analysis", "catalog", "dlq_admin")


class Module(NamedTuple):
    """One source file."""

    name: str
    """Path from the root, as `jobs/views/jobs.py`."""
    text: str

    @property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.text)


def modules() -> Iterator[Module]:
    """Every module that runs in production, without migrations."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield Module(str(path.relative_to(ROOT)), path.read_text("utf-8"))
