"""Write the JSON Schemas of all contracts into `docs/schemas/`, or check that they still hold."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from heimdall_project.events.compatibility import incompatibilities
from heimdall_project.events.contracts import CONTRACTS, json_schema


class Command(BaseCommand):
    """See the module."""

    help = "Writes the JSON Schemas of the event contracts; refuses to break one that was published."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on drift or breakage")
        parser.add_argument(
            "--allow-incompatible", action="store_true", help="for contracts that nobody has used yet"
        )
        parser.add_argument("--directory", type=Path, default=Path(settings.BASE_DIR) / "docs/schemas")

    def handle(self, *, check: bool, allow_incompatible: bool, directory: Path, **options: Any) -> None:
        """Compare, then write."""
        files = {directory / file_name(name): render(json_schema(name)) for name in CONTRACTS}
        broken = [] if allow_incompatible else broken_contracts(files, directory)
        if broken:
            raise CommandError(
                "These contracts were published and would break their readers:\n  "
                + "\n  ".join(broken)
                + "\nMake a new version beside the old one (heimdall_project/events/contracts.py)."
            )
        stale = [path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text]
        if check and stale:
            names = ", ".join(path.name for path in stale)
            raise CommandError(f"Out of date: {names}. Run `manage.py export_schemas`.")
        for path in stale:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], "utf-8")
            self.stdout.write(f"wrote {path.name}")


def file_name(contract: str) -> str:
    """`analysis.request/1` lives in `analysis.request.v1.json`."""
    return f"{contract.replace('/', '.v')}.json"


def render(schema: dict[str, Any]) -> str:
    """A schema as it is committed."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def broken_contracts(files: dict[Path, str], directory: Path) -> list[str]:
    """What the committed schemas promise and the code no longer keeps."""
    found = []
    for path in sorted(directory.glob("*.json")):
        if path not in files:
            found.append(f"{path.name}: the contract is gone")
            continue
        old, new = json.loads(path.read_text("utf-8")), json.loads(files[path])
        found += [f"{path.name} {each}" for each in incompatibilities(old, new)]
    return found
