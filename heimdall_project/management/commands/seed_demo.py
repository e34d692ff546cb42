"""`manage.py seed_demo`: users, logs and jobs to try the system out with. Only in development mode."""

import argparse
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from heimdall_project.accounts.demo import PASSWORD, ensure_demo_users
from heimdall_project.accounts.models import User
from heimdall_project.accounts.roles import OPERATOR
from heimdall_project.demo import DemoLog, demo_logs
from heimdall_project.events.jobs import Priority
from jobs.importing import Draft, Limits, Tally, entries, records
from jobs.models import LogEntry
from jobs.services import JobRequest, Origin, job_submit, log_entries_import

SOURCE = "demo"
WHOLE = Limits(lines=1000, size=1_000_000)
MOST_JOBS = 10_000


class Command(BaseCommand):
    """Idempotent but for jobs: run again, it brings the users back and adds no log twice."""

    help = "Make demo users and a few hundred log entries of made-up services. Only with DEBUG=true."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """How many jobs to ask for."""
        parser.add_argument(
            "--jobs",
            type=_few,
            default=0,
            metavar="N",
            help="also ask for N analyses of these logs, as operator",
        )

    def handle(self, **options: Any) -> None:
        """Seed."""
        if not settings.DEBUG:
            raise CommandError("Demo users have a known password: seed_demo runs only with DEBUG=true.")
        users = ensure_demo_users()
        done = list(log_entries_import(found=_found(demo_logs())))
        stored, known = sum(each.stored for each in done), sum(each.known for each in done)
        self.stdout.write(f"Demo users: {', '.join(user.username for user in users)}; password {PASSWORD}")
        self.stdout.write(f"Log entries: {stored} stored, {known} were there already")
        if options["jobs"]:
            self.stdout.write(f"Jobs: {_submit(options['jobs'])} submitted; the workers take it from here")


def _few(text: str) -> int:
    number = int(text)
    if not 0 <= number <= MOST_JOBS:
        raise argparse.ArgumentTypeError(f"from 0 to {MOST_JOBS}")
    return number


def _submit(wanted: int) -> int:
    """Ask about the demo logs in turn, with every priority among them."""
    owner = User.objects.get(username=OPERATOR)
    logs = list(LogEntry.objects.filter(source=SOURCE).order_by("id").values_list("id", flat=True))
    urgencies = list(Priority)
    for number in range(wanted):
        asked = JobRequest(log=logs[number % len(logs)], priority=urgencies[number % len(urgencies)])
        job_submit(owner=owner, request=asked)
    return wanted


def _found(logs: list[DemoLog]) -> Iterator[tuple[Origin, Draft]]:
    """Through the door that files take, so that level and time are found as they would be there."""
    for log in logs:
        origin = Origin(service_name=log.service_name, environment=log.environment, source=SOURCE)
        for draft in entries(records(log.content.split("\n")), WHOLE, Tally()):
            yield origin, draft
