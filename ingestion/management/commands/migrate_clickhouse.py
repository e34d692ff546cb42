"""`manage.py migrate_clickhouse`: take the tables in ClickHouse to a version."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from heimdall_project.errors import StatementRefused, TransientError
from ingestion.schema import applying
from ingestion.schema.files import SchemaError
from ingestion.schema.plan import Step
from ingestion.schema.server import SchemaServer


class Command(BaseCommand):
    """See the module."""

    help = (
        "Apply ingestion/ddl/NNN_*.sql in order and write down which are applied. Safe to run again, also "
        "after a failure halfway. Exit codes: 1 behind, drifted or failed, 2 ClickHouse cannot be asked, "
        "3 another run is on."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        modes = parser.add_mutually_exclusive_group()
        modes.add_argument("--check", action="store_true", help="Change nothing; exit 1 unless up to date.")
        modes.add_argument("--dry-run", action="store_true", help="Change nothing; show the statements.")
        parser.add_argument("--to", type=int, metavar="NNN", help="The last migration that shall stand.")
        parser.add_argument(
            "--drop-data",
            action="store_true",
            help="With --to: undo later migrations, and lose their data.",
        )

    def handle(self, *, check: bool, dry_run: bool, to: int | None, drop_data: bool, **options: Any) -> None:
        """Look, then act."""
        try:
            server = SchemaServer()
            todo = applying.pending(server, to=to)
            if check or dry_run:
                self._show(todo, check=check)
                return
            if not drop_data and (undone := [str(step) for step in todo if step.is_back]):
                raise CommandError(
                    f"This would drop tables with what is in them: {', '.join(undone)}. Say --drop-data if "
                    "that is meant; records that are still in Kafka can be read again.",
                    returncode=1,
                )
            done = applying.apply(server, to=to, tell=self.stdout.write)
        except (SchemaError, applying.StatementFailed) as error:
            raise CommandError(str(error), returncode=1) from None
        except applying.Busy as error:
            raise CommandError(str(error), returncode=3) from None
        except (TransientError, StatementRefused) as error:
            raise CommandError(f"ClickHouse cannot be asked: {error}", returncode=2) from None
        self.stdout.write("The tables are up to date." if not done else f"{done} steps done.")

    def _show(self, todo: list[Step], *, check: bool) -> None:
        for step in todo:
            self.stdout.write(str(step))
            for statement in () if check else step.statements:
                self.stdout.write(f"{statement};\n")
        if not todo:
            self.stdout.write("The tables are up to date.")
        elif check:
            raise CommandError(f"{len(todo)} steps are to be done.", returncode=1)
