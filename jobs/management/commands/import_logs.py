"""`manage.py import_logs FILE... --service NAME`: plain log files to log entries."""

import argparse
import codecs
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError
from django.db import reset_queries

from jobs.importing import Draft, Limits, Tally, entries, open_text, read_lines, records
from jobs.models.log_entry import ENVIRONMENT_LENGTH, SERVICE_NAME_LENGTH
from jobs.services.importing import Imported, Origin, log_entries_import

STDIN = "-"
PROGRESS_SECONDS = 2.0
MANY_NULS = 0.1


def _positive(raw: str) -> int:
    if (value := int(raw)) < 1:
        raise argparse.ArgumentTypeError("it must be at least 1")
    return value


class Command(BaseCommand):
    """Streams files of any size in bounded memory; run again, it stores only what is new."""

    help = (
        "Import plain log files as log entries. Stack traces and other continuation lines stay with "
        "their record. Running it again on the same file stores nothing twice."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare arguments."""
        parser.add_argument("files", nargs="+", metavar="FILE", help="a log file, or - for standard input")
        parser.add_argument("--service", required=True, metavar="NAME", help="the service that wrote it")
        parser.add_argument("--environment", default="production", help="default: %(default)s")
        parser.add_argument(
            "--lines-per-entry",
            type=_positive,
            default=Limits.lines,
            metavar="N",
            help="lines an entry, never splitting a record (default: %(default)s, and 64 KiB)",
        )
        parser.add_argument("--encoding", default="utf-8", help="default: %(default)s")
        parser.add_argument("--dry-run", action="store_true", help="say what would be stored, store nothing")

    def handle(self, *, files: list[str], encoding: str, **options: Any) -> None:
        """Check everything that can be checked, then import file by file."""
        self._check(files, encoding, options)
        for name in files:
            if name == STDIN:
                self._import("standard input", STDIN, sys.stdin.buffer, encoding, options)
                continue
            try:
                with Path(name).open("rb") as raw:
                    self._import(name, Path(name).name, raw, encoding, options)
            except OSError as error:
                raise CommandError(f"{name}: {error.strerror}") from error

    def _check(self, files: list[str], encoding: str, options: dict[str, Any]) -> None:
        try:
            codecs.lookup(encoding)
        except LookupError as error:
            raise CommandError(
                f"unknown encoding {encoding!r}; try utf-8, utf-16, latin-1 or cp949"
            ) from error
        for option, bound in (("service", SERVICE_NAME_LENGTH), ("environment", ENVIRONMENT_LENGTH)):
            if not options[option].strip() or len(options[option]) > bound or "\0" in options[option]:
                raise CommandError(f"--{option} must have 1 to {bound} characters")
        for name in files:
            if name != STDIN and not Path(name).is_file():
                raise CommandError(f"{name}: {'not a plain file' if Path(name).exists() else 'no such file'}")

    def _import(self, shown: str, source: str, raw: BinaryIO, encoding: str, options: dict[str, Any]) -> None:
        tally = Tally()
        limits = Limits(lines=options["lines_per_entry"])
        try:
            text = open_text(raw, encoding, tally.count_bad)
            drafts = entries(records(read_lines(text)), limits, tally)
            origin = Origin(
                service_name=options["service"], environment=options["environment"], source=source[:300]
            )
            batches = (
                _counted(drafts)
                if options["dry_run"]
                else log_entries_import(found=((origin, draft) for draft in drafts))
            )
            stored, known = self._follow(shown, raw, tally, batches)
        except UnicodeError as error:
            raise CommandError(f"{shown}: {encoding} cannot read this: {error}") from error
        text.detach()  # the caller closes the file
        self._summarise(shown, tally, stored, known, dry_run=options["dry_run"])

    def _follow(
        self, shown: str, raw: BinaryIO, tally: Tally, batches: Iterable[Imported]
    ) -> tuple[int, int]:
        stored = known = 0
        total = Path(shown).stat().st_size if Path(shown).is_file() else 0
        due = time.monotonic() + PROGRESS_SECONDS
        for batch in batches:
            stored, known = stored + batch.stored, known + batch.known
            reset_queries()  # in development mode Django keeps every statement, with what it stores
            if time.monotonic() >= due:
                share = f"{raw.tell() / total:4.0%}, " if total else ""
                self.stderr.write(f"{shown}: {share}{tally.lines:,} lines, {tally.entries:,} entries")
                due = time.monotonic() + PROGRESS_SECONDS
        return stored, known

    def _summarise(self, shown: str, tally: Tally, stored: int, known: int, *, dry_run: bool) -> None:
        done = "would be stored" if dry_run else "stored"
        self.stdout.write(
            f"{shown}: {tally.lines:,} lines in {tally.records:,} records; {stored:,} entries {done}"
            + (f", {known:,} were there already" if known else "")
        )
        if tally.bad_bytes:
            self.stderr.write(
                f"{shown}: {tally.bad_bytes:,} bytes did not fit the encoding and were replaced"
            )
        if tally.nuls:
            self.stderr.write(f"{shown}: {tally.nuls:,} NUL characters were taken out")
        if tally.nuls > MANY_NULS * (tally.lines or 1) * 10:
            self.stderr.write(f"{shown}: so many NULs hint at another encoding; try --encoding utf-16")


def _counted(drafts: Iterable[Draft]) -> Iterator[Imported]:
    for _ in drafts:
        yield Imported(stored=1, known=0)
