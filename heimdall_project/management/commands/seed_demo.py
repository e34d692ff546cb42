"""`manage.py seed_demo`: users and logs to try the system out with. Only in development mode."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from heimdall_project.accounts.demo import PASSWORD, ensure_demo_users
from heimdall_project.demo import DemoLog, demo_logs
from jobs.importing import Draft, Limits, Tally, entries, records
from jobs.services import Origin, log_entries_import

SOURCE = "demo"
WHOLE = Limits(lines=1000, size=1_000_000)


class Command(BaseCommand):
    """Idempotent: run again, it brings the users back and adds no log twice."""

    help = "Make demo users and a few hundred log entries of made-up services. Only with DEBUG=true."

    def handle(self, **_: Any) -> None:
        """Seed."""
        if not settings.DEBUG:
            raise CommandError("Demo users have a known password: seed_demo runs only with DEBUG=true.")
        users = ensure_demo_users()
        done = list(log_entries_import(found=_found(demo_logs())))
        stored, known = sum(each.stored for each in done), sum(each.known for each in done)
        self.stdout.write(f"Demo users: {', '.join(user.username for user in users)}; password {PASSWORD}")
        self.stdout.write(f"Log entries: {stored} stored, {known} were there already")


def _found(logs: list[DemoLog]) -> Iterator[tuple[Origin, Draft]]:
    """Through the door that files take, so that level and time are found as they would be there."""
    for log in logs:
        origin = Origin(service_name=log.service_name, environment=log.environment, source=SOURCE)
        for draft in entries(records(log.content.split("\n")), WHOLE, Tally()):
            yield origin, draft
