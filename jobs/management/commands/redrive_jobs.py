"""`manage.py redrive_jobs [ID ...] [filters] --as USER --reason TEXT`: send ended jobs again."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from itertools import batched
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime

from heimdall_project.errors import Refused
from heimdall_project.events.jobs import FailureClass

from ... import failures
from ...models import AnalysisJob
from ...selectors import RedrivePreview, jobs_visible_to, redrive_preview
from ...services import jobs_redrive
from ...states import REDRIVABLE
from ..people import person

CHUNK = 100
"""Jobs between two lines of progress."""


def moment(text: str) -> datetime:
    """A time in ISO 8601; without a zone it is UTC."""
    if (parsed := parse_datetime(text)) is None:
        raise ArgumentTypeError(f"{text!r} is no time; write 2026-11-21T09:00:00Z")
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


class Command(BaseCommand):
    """Redrive jobs, as a person who may do so."""

    help = (
        "Send FAILED and CANCELLED jobs again, each as a new attempt, oldest end first. "
        "Shows first what will be retried and why it failed. Each job is audited."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        add = parser.add_argument
        add(
            "ids",
            nargs="*",
            type=int,
            metavar="ID",
            help="Ids of jobs; none means all that the filters let through.",
        )
        add("--failure-class", action="append", choices=[each.value for each in FailureClass], default=[])
        add("--service", metavar="NAME", help="Of the log's service.")
        add("--since", type=moment, metavar="TIME", help="That ended at or after it.")
        add("--until", type=moment, metavar="TIME", help="That ended before it.")
        add("--status", action="append", choices=sorted(REDRIVABLE), default=[])
        add("--as", required=True, dest="user", metavar="USER", help="Who sends them again.")
        add("--reason", required=True, metavar="TEXT", help="Why.")
        add(
            "--redrive-id",
            default="",
            metavar="ID",
            help="Name of this redrive: the same name again repeats nothing.",
        )
        add("--dry-run", action="store_true", help="Only show what would be sent again.")
        add("--yes", action="store_true", help="Do not ask.")

    def handle(
        self, *, user: str, reason: str, redrive_id: str, dry_run: bool, yes: bool, **asked: Any
    ) -> None:
        """Show, ask, send."""
        actor = person(user)
        jobs = _chosen(jobs_visible_to(actor), asked)
        preview = redrive_preview(jobs)
        self._show(preview)
        if dry_run or not preview.redrivable:
            return
        if not yes and not _confirmed(f"Send {preview.redrivable} jobs again? [y/N] "):
            raise CommandError("Nothing was sent again.")
        self._send(jobs, actor=actor, reason=reason, redrive_id=redrive_id)

    def _send(self, jobs: QuerySet[AnalysisJob], **who_why: Any) -> None:
        ended = jobs.filter(status__in=sorted(REDRIVABLE)).order_by("finished_at", "pk")
        ids = list(ended.values_list("pk", flat=True))
        sent = 0
        for done, chunk in enumerate(batched(ids, CHUNK)):
            try:
                ends = jobs_redrive(job_ids=chunk, **who_why)
            except Refused as refused:
                raise CommandError(f"{refused.detail} {'; '.join(refused.errors.values())}".strip()) from None
            for end in ends:
                if end.refused:
                    self.stderr.write(f"job {end.job_id}: {end.refused.detail}")
            sent += sum(end.redriven is not None for end in ends)
            self.stdout.write(f"{done * CHUNK + len(chunk)} of {len(ids)}: {sent} sent again")
        if sent < len(ids):
            raise CommandError(f"{len(ids) - sent} jobs were not sent again.")

    def _show(self, preview: RedrivePreview) -> None:
        for group in preview.groups:
            name = failures.title(group.failure_class) if group.failure_class else "Cancelled"
            self.stdout.write(f"{group.count:>7}  {name}")
            for job in group.sample:
                self.stdout.write(f"         job {job.pk}: {job.failure_message[:100] or 'cancelled'}")
            if group.entry:
                self.stdout.write(f"         {group.entry.advice}")
        for status, number in sorted(preview.left_alone.items()):
            self.stdout.write(f"{number:>7}  left alone: {status}")
        self.stdout.write(f"{preview.redrivable:>7}  jobs can be sent again")


def _confirmed(question: str) -> bool:
    try:
        return input(question).strip().lower() == "y"
    except EOFError:
        raise CommandError("Nothing was sent again: nobody is there to be asked; say --yes.") from None


def _chosen(jobs: QuerySet[AnalysisJob], asked: dict[str, Any]) -> QuerySet[AnalysisJob]:
    filters = {
        "pk__in": asked["ids"],
        "failure_class__in": asked["failure_class"],
        "status__in": asked["status"],
        "log_entry__service_name": asked["service"],
        "finished_at__gte": asked["since"],
        "finished_at__lt": asked["until"],
    }
    given = {lookup: value for lookup, value in filters.items() if value not in (None, [])}
    if not given:
        raise CommandError("Say which jobs: ids, --failure-class, --service, --since, --until or --status.")
    return jobs.filter(**given)
