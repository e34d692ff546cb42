"""Imports go downward, and each rule about them covers every app."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from django.apps import apps

from tests.architecture.source import PACKAGES, ROOT


def contracts() -> list[dict[str, Any]]:
    """Contracts of import-linter."""
    found: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
        "importlinter"
    ]["contracts"]
    return found


def test_the_import_contracts_hold() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    run = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=170, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_app_of_ours_has_its_place_in_the_layers() -> None:
    layers = " ".join(contracts()[0]["layers"]).replace("|", " ").replace(":", " ").split()
    ours = [config.name for config in apps.get_app_configs() if config.name.split(".")[0] in PACKAGES]
    unplaced = [name for name in ours if name != "heimdall_project" and name not in layers]
    assert not unplaced


def test_every_product_keeps_its_edges_above_its_services() -> None:
    (inside,) = [contract for contract in contracts() if "containers" in contract]
    assert set(inside["containers"]) == set(PACKAGES) - {"heimdall_project"}
