"""`manage.py check_truth FILE…`: the generator's truth beside ClickHouse and the dead letters."""

import time
from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from heimdall_project.clients import clickhouse
from heimdall_project.errors import StatementRefused, TransientError
from heimdall_project.streams import broker, topics
from heimdall_project.streams.ports import SystemClock
from heimdall_project.streams.topics import Topic
from ingestion.generator.blocks import Made, Maker
from ingestion.generator.checking import Difference, Observed, differences
from ingestion.generator.report import truth_lines
from ingestion.generator.truth import Truth, identity
from ingestion.selectors.generated import dead_letters_observed, ids_missing, stored_observed

BETWEEN = 1.0
"""Seconds between two looks while it waits."""
NAMED = 10
"""Missing events that are named."""
ASKED_AT_ONCE = 10_000


class Command(BaseCommand):
    """Reads, merges, asks, compares."""

    help = (
        "Compare the truth that generate_events kept with ClickHouse and the dead letters. Several files are "
        "those of shards of one run. Exit codes: 1 they differ, 2 something cannot be asked."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="what --truth kept")
        parser.add_argument(
            "--wait", type=float, default=0.0, metavar="S", help="seconds in which the writer may catch up"
        )
        parser.add_argument("--no-dead-letters", action="store_true", help="look at ClickHouse only")

    def handle(self, *, files: list[Path], wait: float, no_dead_letters: bool, **options: Any) -> None:
        """See the module."""
        truth = self._truth(files)
        self.stdout.write(f"Run {truth.run}, {len(truth.shards)} of {truth.options.shards} shards:")
        for line in truth_lines(truth):
            self.stdout.write(line)
        try:
            found = self._compared(truth, wait, dead_letters=not no_dead_letters)
            lines = [str(each) for each in found] + self._missing(truth, found)
        except (TransientError, StatementRefused, TimeoutError) as error:
            raise CommandError(f"cannot be compared: {error}", returncode=2) from None
        if lines:
            raise CommandError("it is otherwise:\n  " + "\n  ".join(lines), returncode=1)
        self.stdout.write("All of it is there, once.")

    def _truth(self, files: list[Path]) -> Truth:
        try:
            truth, *others = [Truth.from_json(path.read_bytes()) for path in files]
            for other in others:
                truth.merge(other)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from None
        except ValueError as error:
            raise CommandError(str(error)) from None
        if missing := set(range(truth.options.shards)) - set(truth.shards):
            # Ids do not say which shard made them, so what another one sent would look like too much.
            raise CommandError(f"the truth of shard {min(missing)} of {truth.options.shards} is missing")
        return truth

    def _compared(self, truth: Truth, wait: float, *, dead_letters: bool) -> list[Difference]:
        end = time.monotonic() + wait
        while True:
            is_late = time.monotonic() >= end
            found = differences(truth, stored_observed(clickhouse.client(), run=truth.run))
            if dead_letters and (is_late or not found):
                found += differences(truth, Observed(dead_letters=self._dead_letters(truth.run)))
            if is_late or not found:
                return found
            time.sleep(BETWEEN)

    def _dead_letters(self, run: str) -> dict[str, dict[str, int]]:
        topic = topics.spec(Topic.PAGE_VIEWS).dead_letters or ""
        reader = broker.ConfluentConsumer(f"{settings.KAFKA_GROUP_PREFIX}check-truth-{uuid4().hex[:12]}")
        try:
            return dead_letters_observed(reader, SystemClock(), topic=topic, run=run)
        finally:
            reader.close()

    def _missing(self, truth: Truth, found: list[Difference]) -> list[str]:
        """Names of events that are not there: the seed makes them again. Only if all were acknowledged."""
        if truth.unknown.records or truth.unsent or truth.refused:
            return []
        if not any(each.name == "distinct events" and each.seen < each.least for each in found):
            return []
        return [f"missing: {each}" for each in islice(self._missing_ids(truth), NAMED)]

    def _missing_ids(self, truth: Truth) -> Iterator[str]:
        maker = Maker(msgspec.structs.replace(truth.options, shard=0, shards=1))
        records = (made for made in maker if made.original >= 0)
        while chunk := list(islice(records, ASKED_AT_ONCE)):
            known: dict[str, Made] = {identity(made): made for made in chunk}
            for name in sorted(ids_missing(clickhouse.client(), ids=known)):
                yield f"{name} ({known[name].event_type} of {known[name].content_id})"
