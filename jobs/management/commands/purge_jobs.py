"""`manage.py purge_jobs [--dry-run]`: delete what is older than its retention."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand

from ...services import purge_all, purgeable


class Command(BaseCommand):
    """The sweeper does this by itself; the command is for making room now, or for looking first."""

    help = "Delete old idempotency keys, timelines of jobs that ended long ago, and outside analyses."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--dry-run", action="store_true", help="Only say how many there are.")

    def handle(self, *, dry_run: bool, **_: Any) -> None:
        """Purge, or count."""
        if dry_run:
            for what, number in purgeable().items():
                self.stdout.write(f"{number} {what} would be deleted.")
            return
        gone: Counter[str] = Counter()
        for each in purge_all():
            gone.update(each)
        for what in purgeable():
            self.stdout.write(f"{gone[what]} {what} deleted.")
