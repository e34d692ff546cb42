"""`manage.py cancel_job ID [ID ...] --as USER --reason TEXT`: end jobs that are not wanted any more."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from heimdall_project.errors import Refused

from ...services import job_cancel
from ..people import person


class Command(BaseCommand):
    """Cancel jobs, as a person who may do so."""

    help = "End open jobs as CANCELLED. A worker that runs one notices between two steps. Audited."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("ids", nargs="+", type=int, metavar="ID", help="Ids of jobs.")
        parser.add_argument("--as", required=True, dest="user", metavar="USER", help="Who cancels them.")
        parser.add_argument("--reason", required=True, metavar="TEXT", help="Why.")

    def handle(self, *, ids: list[int], user: str, reason: str, **_: Any) -> None:
        """Cancel one after the other; exit 1 if one could not be."""
        actor, refused = person(user), 0
        for job_id in ids:
            try:
                cancelled = job_cancel(job_id=job_id, actor=actor, reason=reason)
            except Refused as error:
                refused += 1
                self.stderr.write(f"job {job_id}: {error.detail} {'; '.join(error.errors.values())}".strip())
                continue
            self.stdout.write(f"job {job_id}: cancelled{' before' if cancelled.replayed else ''}")
        if refused:
            raise CommandError(f"{refused} of {len(ids)} jobs were not cancelled.")
