"""`manage.py check_ledger`: is every record that was counted as stored in ClickHouse, and no other?"""

import json
import time
from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime

from heimdall_project.errors import TransientError, Unprocessable
from heimdall_project.streams import ledger
from heimdall_project.streams.topics import Topic
from ingestion.checking import Difference, Report, check
from ingestion.reading import session

DIFFERENT, AWAY = 1, 2
"""Exit codes: something differs; something that was to be asked is away, so that it cannot be said."""
STORED_TOPICS = (Topic.PAGE_VIEWS,)
"""Topics whose records end in ClickHouse."""
_SECONDS = 120.0
"""Longest time of one query; each looks at a bounded part."""
_EVERY = 2.0


class Command(BaseCommand):
    """Compare cursors, outcomes and ClickHouse, partition by partition and minute by minute."""

    help = (
        "Compare the ledger with what is stored: for each partition and minute, the records counted as "
        "stored with the offsets that stand in ClickHouse; each event that arrived must be among the page "
        "views, once; outcomes must sum up to what the cursor has passed. Only offsets below the cursors are "
        "judged, so it may run while writing goes on. Exits with 0 if nothing differs, 1 naming topic, "
        "partition and minute of each difference, 2 if PostgreSQL, ClickHouse or Kafka is away and it cannot "
        "be said."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which topic, which minutes."""
        names = [topic.value for topic in STORED_TOPICS]
        parser.add_argument("--topic", choices=names, default=names[0], help="Logical topic.")
        parser.add_argument(
            "--group", help="Consumer group; the one that keeps the topic's records by default."
        )
        parser.add_argument(
            "--from",
            dest="since",
            type=_moment,
            metavar="TIME",
            help="First minute (ISO 8601, UTC by default).",
        )
        parser.add_argument(
            "--to", dest="until", type=_moment, metavar="TIME", help="The minute behind the last."
        )
        parser.add_argument("--json", action="store_true", help="Say it as one JSON object.")

    def handle(self, *args: Any, topic: str, group: str | None, **options: Any) -> None:
        """Check, and say what was found."""
        since, until, as_json = (options[name] for name in ("since", "until", "json"))
        if since and until and since >= until:
            raise CommandError("--from must be before --to.", returncode=AWAY)
        groups = ledger.groups_of(topic)
        if not groups or (group and group not in groups):
            known = ", ".join(groups) or "none"
            raise CommandError(f"No such group reads {topic}; there are: {known}.", returncode=AWAY)
        pair = ledger.Pair(topic, group or groups[0])
        try:
            report = check(
                pair=pair,
                reader=session.long_question(_SECONDS),
                since=since,
                until=until,
                tell=self._progress(options["verbosity"]),
            )
        except (TransientError, Unprocessable) as error:
            raise CommandError(f"The ledger cannot be checked: {error}.", returncode=AWAY) from None
        self.stdout.write(json.dumps(_as_json(report)) if as_json else "\n".join(_lines(report)))
        self._judge(report)

    def _judge(self, report: Report) -> None:
        if report.differences:
            raise CommandError(f"{len(report.differences)} differences.", returncode=DIFFERENT)
        if report.unchecked:
            raise CommandError(
                f"Nothing differs, but not all could be checked. {' '.join(report.unchecked)}",
                returncode=AWAY,
            )

    def _progress(self, verbosity: int) -> Any:
        """Says how far it is, to standard error, now and then."""
        told = time.monotonic()

        def tell(text: str) -> None:
            nonlocal told
            if verbosity and time.monotonic() - told >= _EVERY:
                told = time.monotonic()
                self.stderr.write(f"... {text}")

        return tell


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
        if moment is None:
            raise ValueError
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ArgumentTypeError(f"{text!r} is no time such as 2026-11-21T09:00:00Z") from None


def _place(report: Report, found: Difference) -> str:
    place = report.topic if found.partition is None else f"{report.topic}[{found.partition}]"
    return f"{place} {found.at:%Y-%m-%dT%H:%MZ}" if found.at else place


def _lines(report: Report) -> list[str]:
    flight = "unknown" if report.in_flight is None else f"{report.in_flight:,}"
    return [
        *(f"{_place(report, found)}: {found.kind}: {found.what}" for found in report.differences),
        f"{report.topic} as {report.group} has it: {report.partitions} partitions, {report.minutes:,} "
        f"minutes of them; {report.counted:,} counted, {report.stored:,} of them stored; in ClickHouse "
        f"{report.arrived:,} records, {report.events:,} events, {report.duplicates:,} duplicates, "
        f"{report.conflicts:,} ids with more than one body; in flight {flight}.",
        *([] if report.differences or report.unchecked else ["The ledger balances."]),
    ]


def _as_json(report: Report) -> dict[str, Any]:
    counts = ("partitions", "minutes", "counted", "stored", "arrived", "events", "duplicates", "conflicts")
    names = ("topic", "group", *counts, "in_flight", "unchecked")
    return {
        **{name: getattr(report, name) for name in names},
        "balanced": report.is_balanced and not report.unchecked,
        "differences": [
            {
                "kind": found.kind.value,
                "topic": report.topic,
                "partition": found.partition,
                "minute": found.at.isoformat() if found.at else None,
                "what": found.what,
                "offsets": [list(span) for span in found.offsets],
            }
            for found in report.differences
        ],
    }
