"""`manage.py purge_outbox [--dry-run] [--older-than SECONDS]`: delete events that were published long ago."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from ...outbox_store import OutboxStore
from ...relay import PURGE_ROWS


class Command(BaseCommand):
    """The relay does this by itself; the command is for making room now, or for looking first."""

    help = "Delete published events of the outbox that are older than OUTBOX_RETENTION, in small batches."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--dry-run", action="store_true", help="Only say how many there are.")
        parser.add_argument(
            "--older-than",
            type=float,
            default=settings.OUTBOX_RETENTION,
            metavar="SECONDS",
            help="Age since publication; by default OUTBOX_RETENTION. Events not published yet always stay.",
        )

    def handle(self, *, dry_run: bool, older_than: float, **_: Any) -> None:
        """Purge, or count."""
        store = OutboxStore()
        if dry_run:
            self.stdout.write(f"{store.purgeable(older_than=older_than)} events would be deleted.")
            return
        deleted = 0
        while rows := store.purge(older_than=older_than, rows=PURGE_ROWS):
            deleted += rows
        self.stdout.write(f"{deleted} events deleted.")
