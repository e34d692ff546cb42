"""`manage.py run_consumer NAME [NAME...] | all | --list`: run workers."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from heimdall_project.errors import TransientError
from heimdall_project.streams import registry
from heimdall_project.streams.consumer import Loop, Worker
from heimdall_project.streams.exit_codes import ExitCode
from heimdall_project.streams.launch import launch, supervisor_grace
from heimdall_project.streams.slots import Backoff
from heimdall_project.streams.supervisor import Supervisor, prepare_to_fork, slots_for
from heimdall_project.streams.tables import table
from heimdall_project.streams.worker_registry import states


class Command(BaseCommand):
    """Run one worker in this process, or several under a supervisor."""

    help = "Run workers: one in this process, several (or `all`) as processes under a supervisor."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Names and options."""
        parser.add_argument("names", nargs="*", metavar="NAME", help="Workers to run, or `all`.")
        parser.add_argument("--list", action="store_true", help="Show all workers and their state.")
        parser.add_argument(
            "--processes",
            action="append",
            default=[],
            metavar="NAME=N",
            help="Run N processes of a worker (repeatable); they share its partitions.",
        )

        parser.add_argument(
            "--supervise",
            action="store_true",
            help="Supervise a single worker too: it is restarted, or held down if it stopped on purpose.",
        )

    def handle(self, *args: Any, names: list[str], processes: list[str], **options: Any) -> None:
        """Parse, run, leave with the exit code of the run."""
        if options["list"]:
            self._list()
            return
        workers = _named(names)
        counts = _counts(processes, workers)
        if len(workers) == 1 and counts.get(workers[0].name, 1) == 1 and not options["supervise"]:
            prepare_to_fork()  # the same rule for one: no client before its worker builds it
            code = launch(workers[0])
        else:
            backoff = Backoff(first=settings.WORKER_RESTART_BACKOFF, ceiling=settings.WORKER_RESTART_CEILING)
            code = Supervisor(slots_for(workers, counts), backoff=backoff, grace=supervisor_grace()).run()
        sys.exit(code)

    def _list(self) -> None:
        try:
            known = states()
        except TransientError:
            known = None
        rows = [_row(worker, known) for worker in registry.workers()]
        for line in table(["NAME", "SHAPE", "STATE", "TOPIC", "GROUP", "MEANING"], rows):
            self.stdout.write(line)


def _named(names: list[str]) -> list[type[Worker]]:
    if not names:
        raise CommandError("Name a worker, or `all`, or use --list.", returncode=ExitCode.USAGE)
    if names == ["all"]:
        return registry.workers(where=_may_run)
    try:
        workers = [registry.get(name) for name in dict.fromkeys(names)]
    except KeyError as error:
        raise CommandError(error.args[0], returncode=ExitCode.USAGE) from None
    if refused := [worker.name for worker in workers if not _may_run(worker)]:
        raise CommandError(
            f"{', '.join(refused)}: KAFKA_CONSUMER_ENABLED is false: nothing that reads topics is run here.",
            returncode=ExitCode.USAGE,
        )
    return workers


def _may_run(worker: type[Worker]) -> bool:
    return settings.KAFKA_CONSUMER_ENABLED or issubclass(worker, Loop)


def _counts(processes: list[str], workers: list[type[Worker]]) -> dict[str, int]:
    """`NAME=N` options as numbers."""
    counts = {}
    for option in processes:
        name, _, number = option.partition("=")
        if name not in {worker.name for worker in workers}:
            raise CommandError(f"--processes {option}: {name!r} is not to be run.", returncode=2)
        if not number.isdecimal() or not 1 <= int(number) <= 64:
            raise CommandError(f"--processes {option}: give a number from 1 to 64.", returncode=2)
        counts[name] = int(number)
    return counts


def _row(worker: type[Worker], known: dict[str, str] | None) -> list[str]:
    state = "unknown (no database)" if known is None else known.get(worker.name, "never ran")
    shape = next(kind.__name__ for kind in (*registry.CONSUMER_SHAPES, Loop) if issubclass(worker, kind))
    topics, group = "-", "-"
    if issubclass(worker, registry.CONSUMER_SHAPES):
        topics, group = ", ".join(worker.topics()), worker.group()
    return [worker.name, shape, state, topics, group, registry.meaning(worker)]
