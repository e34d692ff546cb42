"""`manage.py ensure_topics`: create the topics that are missing, report what differs."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from heimdall_project.errors import TransientError
from heimdall_project.streams import broker, topics
from heimdall_project.streams.tables import table
from heimdall_project.streams.topic_admin import Drift, Kind, create_missing, fix_config, survey


class Command(BaseCommand):
    """Create what is missing, report what differs, put configuration right if asked to."""

    help = (
        "Create the declared topics that are missing and report drift. Partitions and replicas of existing "
        "topics are never changed: that moves keys or data, and a person should plan it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        modes = parser.add_mutually_exclusive_group()
        modes.add_argument("--check", action="store_true", help="Change nothing; exit 1 if anything differs.")
        modes.add_argument("--dry-run", action="store_true", help="Change nothing; say what would be done.")
        modes.add_argument("--fix", action="store_true", help="Also set configuration that drifted back.")

    def handle(self, *args: Any, check: bool, dry_run: bool, fix: bool, **options: Any) -> None:
        """Survey, act, report."""
        try:
            drifts = survey(broker.admin(), topics.specs())
            left = drifts if check or dry_run else self._act(drifts, fix=fix)
        except TransientError as error:
            raise CommandError(f"The topics cannot be looked at: {error}", returncode=2) from None
        self._report(left, dry_run=dry_run)
        if check and left:
            raise CommandError(f"{len(left)} differences between declared and real topics.", returncode=1)

    def _act(self, drifts: list[Drift], *, fix: bool) -> list[Drift]:
        for name in create_missing(broker.admin(), topics.specs(), drifts):
            spec = topics.spec(name)
            self.stdout.write(f"created {spec.physical} with {spec.partitions} partitions")
        if fix:
            for name in fix_config(broker.admin(), drifts):
                self.stdout.write(f"set the configuration of {topics.physical(name)}")
        done = {Kind.MISSING, Kind.CONFIG} if fix else {Kind.MISSING}
        return [drift for drift in drifts if drift.kind not in done]

    def _report(self, drifts: list[Drift], *, dry_run: bool) -> None:
        if not drifts:
            self.stdout.write(f"{len(topics.specs())} topics are as declared.")
            return
        rows = [[topics.physical(d.topic), d.what, d.wanted, d.found, _remedy(d, dry_run)] for d in drifts]
        for line in table(["TOPIC", "WHAT", "WANTED", "FOUND", "REMEDY"], rows):
            self.stdout.write(line)


def _remedy(drift: Drift, dry_run: bool) -> str:
    if drift.kind is Kind.MISSING:
        return "would be created" if dry_run else "ensure_topics"
    return "ensure_topics --fix" if drift.kind is Kind.CONFIG else "by hand: see docs/workers.md"
