"""`manage.py generate_events`: page views by seed, at a rate, with faults; the truth about them in a file."""

import secrets
import tempfile
import threading
import time
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from heimdall_project.errors import TransientError
from heimdall_project.streams import broker, topics
from heimdall_project.streams.ports import SystemClock
from heimdall_project.streams.topics import Topic
from ingestion.generator import spill
from ingestion.generator.blocks import Maker
from ingestion.generator.console import asked_to_stop, followed
from ingestion.generator.couriers import GIVE_UP, KafkaSink, Sink, ThreadCourier
from ingestion.generator.door import HttpSink
from ingestion.generator.options import Faults, Options, Scenario
from ingestion.generator.report import truth_lines, wanted_rate
from ingestion.generator.running import Run
from ingestion.generator.scenarios import schedule
from ingestion.generator.truth import Truth, expected

INTERRUPTED = 130
ASKED = 5.0
"""Seconds in which a broker says that it is there."""


class Command(BaseCommand):
    """Parses, builds a run, follows it, keeps the truth."""

    help = (
        "Send generated page views. The same --seed, --start and options give the same bytes; --truth keeps "
        "what was acknowledged, for `check_truth`."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare arguments."""
        size = parser.add_mutually_exclusive_group()
        size.add_argument("--count", type=int, metavar="N", help="records to send")
        size.add_argument("--seconds", type=float, metavar="S", help="how long to send")
        size.add_argument("--resume", type=Path, metavar="FILE", help="send what an earlier run left there")
        parser.add_argument(
            "--eps", type=float, default=1000.0, help="records a second (default: %(default)g)"
        )
        parser.add_argument("--flat-out", action="store_true", help="as fast as it goes, whatever --eps says")
        parser.add_argument(
            "--scenario", type=str.upper, default="NORMAL", choices=[str(s) for s in Scenario]
        )
        parser.add_argument("--seed", type=int, help="default: drawn, and told")
        parser.add_argument("--start", metavar="TIME", help="when the first event happens (default: now)")
        known = ", ".join(Faults.__struct_fields__)
        parser.add_argument(
            "--faults", default="", metavar="dup=0.01,…", help=f"parts of all records: {known}"
        )
        parser.add_argument("--contents", type=int, default=1000, help="default: %(default)s")
        parser.add_argument("--users", type=int, default=10_000, help="default: %(default)s")
        parser.add_argument("--pad", type=int, default=0, metavar="BYTES", help="padding of each event")
        parser.add_argument("--shard", default="0/1", metavar="I/N", help="part I (from 0) of N instances")
        parser.add_argument(
            "--give-up",
            type=float,
            default=GIVE_UP,
            metavar="S",
            help="seconds to wait for acknowledgements before the rest goes to a file (default: %(default)g)",
        )
        parser.add_argument("--truth", type=Path, metavar="FILE", help="where to keep the truth, as JSON")
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--topic", default=None, help=f"default: {Topic.PAGE_VIEWS}")
        where.add_argument(
            "--http",
            metavar="URL",
            nargs="?",
            const=settings.HEIMDALL_URL,
            help="send by HTTP to http://host:port, by default HEIMDALL_URL; as HEIMDALL_USER",
        )
        where.add_argument("--dry-run", action="store_true", help="send nothing; tell the truth")

    def handle(self, *, resume: Path | None, dry_run: bool, truth: Path | None, **given: Any) -> None:
        """See the module."""
        if truth is not None and not truth.absolute().parent.is_dir():
            raise CommandError(f"--truth: there is no directory {truth.absolute().parent}")
        left = self._spilled(resume) if resume else None
        maker = Maker(left.head.options if left else self._options(given))
        options = maker.options
        self.stdout.write(
            f"Run {maker.run}: seed {options.seed}, start {_iso(options.start_ms)}, {options.count:,} records"
            + (f", shard {options.shard} of {options.shards}" if options.shards > 1 else "")
        )
        if dry_run:
            self._rehearse(maker, truth)
            return
        target = given["http"] or given["topic"] or (left.head.target if left else Topic.PAGE_VIEWS)
        connect = self._door if "://" in target else self._kafka
        sink = connect(target, maker.run, max(1.0, given["give_up"]))
        self._send(maker, sink, target, left, truth, resume, flat_out=given["flat_out"])

    def _options(self, given: dict[str, Any]) -> Options:
        """What is wanted. Raises CommandError naming what cannot be."""
        if given["count"] is None and given["seconds"] is None:
            raise CommandError("how much? give --count or --seconds")
        if given["seconds"] is not None and not given["seconds"] >= 0:  # nan is neither
            raise CommandError(f"cannot generate that: --seconds {given['seconds']:g}")
        try:
            shard, _, shards = given["shard"].partition("/")
            wish = {
                "seed": secrets.randbits(48) if given["seed"] is None else given["seed"],
                "start_ms": _moment(given["start"]),
                "faults": msgspec.to_builtins(Faults.parse(given["faults"])),
                "shard": int(shard),
                "shards": int(shards or 0),
                **{name: given[name] for name in ("eps", "scenario", "contents", "users", "pad")},
            }
            options = msgspec.convert(wish | {"count": given["count"] or 0}, Options)
            if given["seconds"] is not None:
                plan = schedule(options.scenario, options.seed, options.eps)
                options = msgspec.convert(wish | {"count": plan.due(given["seconds"])}, Options)
        except (ValueError, OverflowError, msgspec.ValidationError) as error:
            raise CommandError(f"cannot generate that: {error}") from None
        return options

    def _spilled(self, path: Path) -> spill.Spilled:
        try:
            left = spill.read(path)
        except OSError as error:
            raise CommandError(f"--resume {path}: {error.strerror}") from None
        except ValueError as error:
            raise CommandError(f"--resume {path}: {error}") from None
        self.stdout.write(f"{path}: {left.pending:,} records to send again")
        return left

    def _kafka(self, topic: str, run: str, give_up: float) -> Sink:
        """A sink to this topic. Raises CommandError unless the broker is there and has it."""
        try:
            physical = topics.spec(topic).physical
            broker.probe(ASKED)
            if not broker.admin().ids([topic]):
                raise CommandError(f"the broker has no topic {physical}: run `manage.py ensure_topics`")
        except KeyError as error:
            raise CommandError(str(error.args[0])) from None
        except TransientError as error:
            raise CommandError(f"Kafka cannot be reached: {error}") from None
        return KafkaSink(broker.producer(delivery_timeout=give_up), topic=topic, run=run)

    def _door(self, url: str, run: str, give_up: float) -> Sink:
        """A sink to the intake of a running system."""
        missing = [name for name in ("HEIMDALL_USER", "HEIMDALL_PASSWORD") if not getattr(settings, name)]
        if missing:
            raise CommandError(f"As whom? Set {' and '.join(missing)} to send by HTTP.")
        try:
            return HttpSink(
                url,
                user=settings.HEIMDALL_USER,
                password=settings.HEIMDALL_PASSWORD,
                give_up=give_up,
                clock=SystemClock(),
                pause=time.sleep,
            )
        except ValueError as error:
            raise CommandError(f"--http: {error}") from None

    def _rehearse(self, maker: Maker, truth_file: Path | None) -> None:
        begun = time.perf_counter()
        truth = expected(maker)
        seconds = time.perf_counter() - begun
        self._keep(truth, truth_file)
        self.stdout.write(f"Would send, made at {maker.options.count / max(seconds, 1e-6):,.0f}/s:")
        self._tell(truth)

    def _send(
        self,
        maker: Maker,
        sink: Sink,
        target: str,
        left: spill.Spilled | None,
        truth_file: Path | None,
        resumed: Path | None,
        *,
        flat_out: bool,
    ) -> None:
        stop = threading.Event()
        run = Run(
            maker,
            ThreadCourier(sink),
            SystemClock(),
            pause=stop.wait,
            stopping=stop.is_set,
            flat_out=flat_out,
            truth=left.head.truth if left else None,
            left=left.blocks if left else (),
            next_block=left.head.next_block if left else None,
        )
        with asked_to_stop(stop), followed(run, self.stderr):
            complete = run.go()
        truth = run.final_truth()
        self._keep(truth, truth_file)
        self._summarise(maker, run, truth)
        if complete:
            if resumed:
                resumed.unlink(missing_ok=True)
                self.stdout.write(f"{resumed} is not needed any more and was removed.")
            return
        if stop.is_set():
            self.stderr.write("Stopped before the end; what was acknowledged is told above.")
            raise SystemExit(INTERRUPTED)
        if run.progress.is_hopeless:
            raise CommandError(run.progress.trouble)
        if not run.progress.trouble:
            raise CommandError("some records were refused, see above")
        place = self._spill(run, target, resumed)
        raise CommandError(
            f"not all records were acknowledged in time: {run.progress.trouble}\n"
            f"What is left stands in {place}; send it with: manage.py generate_events --resume {place}"
        )

    def _spill(self, run: Run, target: str, resumed: Path | None) -> Path:
        name = f"generate_events-{run.truth.run}-{run.truth.options.shard}.spill"
        places = [resumed] if resumed else [Path.cwd() / name, Path(tempfile.gettempdir()) / name]
        for place in places:
            try:
                spill.write(place, truth=run.truth, target=target, blocks=run.open, next_block=run.next_block)
                return place
            except OSError as error:
                self.stderr.write(f"{place}: {error.strerror}")
        raise CommandError("what is left could not be written anywhere")

    def _keep(self, truth: Truth, path: Path | None) -> None:
        if path is None:
            return
        try:
            spill.save(path, truth.to_json())
        except OSError as error:
            raise CommandError(f"--truth {path}: {error.strerror}") from None

    def _summarise(self, maker: Maker, run: Run, truth: Truth) -> None:
        progress = run.progress
        if progress.sent and progress.first_at is not None and progress.last_at is not None:
            wanted = f"{wanted_rate(maker, run.planned):,.0f}/s wanted"
            wanted = "as fast as it goes" if run.flat_out else wanted
            self.stdout.write(
                f"{progress.acked:,} records acknowledged in {progress.last_at - progress.first_at:,.1f} s: "
                f"{progress.rate():,.0f}/s reached, {wanted}; {progress.refused:,} refused, "
                f"{progress.failed:,} without answer"
            )
        self._tell(truth)

    def _tell(self, truth: Truth) -> None:
        for line in truth_lines(truth):
            self.stdout.write(line)


def _moment(text: str | None) -> int:
    """Milliseconds since the epoch of a time, UTC unless it says otherwise; now if there is none."""
    if text is None:
        return int(time.time() * 1000)
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
