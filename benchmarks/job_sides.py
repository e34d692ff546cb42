"""The sides of the job benchmark: our three processes, and the workers of others."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import redis

from benchmarks.cpu import seconds_of
from benchmarks.job_rows import ask, fill, succeeded

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".local/bench/bin"
RELAY, WORKER, RESULTS = "outbox-relay", "analysis-worker", "job-results"
QUIET = {"LOG_LEVEL": "WARNING", "HEIMDALL_METRICS_PORT": "0", "PYTHONUNBUFFERED": "1"}


def until(look: Callable[[], object], seconds: float = 120.0, every: float = 0.005) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(every)


@contextmanager
def running(*command: str, quiet: int | None = None, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A process, asked to stop at the end of the block. `quiet`: where its standard error goes."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | QUIET | environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=quiet,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()


class Ours:
    """Relay, analysis worker and result consumer, one process each, with an analyzer that does nothing."""

    name = "Heimdall"
    config = "one process each of relay, analysis worker, job results"

    def __init__(self, settings: str, environment: Mapping[str, str]) -> None:
        self._environment = {"DJANGO_SETTINGS_MODULE": settings, **environment}

    def prepare(self, count: int) -> float:
        """Commit the backlog; there is no queue to fill beside it."""
        fill(count, events=True)
        return 0.0

    @contextmanager
    def workers(self) -> Iterator[dict[str, Callable[[], float]]]:
        """All processes at work: parts whose CPU counts. The relay comes last: it lets the work in."""
        with ExitStack() as stack:
            started = {name: stack.enter_context(self._run(name)) for name in (WORKER, RESULTS)}
            until(lambda: all(self._is_assigned(name) for name in started))
            started[RELAY] = stack.enter_context(self._run(RELAY))
            until(lambda: ask("SELECT 1 FROM streams_relaylease WHERE holder <> ''"))
            yield {
                name: lambda pid=process.pid: seconds_of([pid])
                for name, process in sorted(started.items(), reverse=True)
            }

    def _run(self, worker: str) -> object:
        return running(sys.executable, "manage.py", "run_consumer", worker, **self._environment)

    @staticmethod
    def _is_assigned(name: str) -> bool:
        rows = ask(
            "SELECT 1 FROM streams_workerprocess WHERE worker = %s AND state = 'running'"
            " AND jsonb_array_length(partitions) > 0",
            name,
        )
        return bool(rows)

    def begin(self) -> None:
        """It began when the relay took its lease."""

    @contextmanager
    def submitting(self, count: int, rate: float) -> Iterator[subprocess.Popen[str]]:
        """Submit jobs in a process of its own."""
        with running(
            sys.executable, "-m", "benchmarks.job_submit", str(count), str(rate), **self._environment
        ) as process:
            yield process


class Peer:
    """Workers of another queue, doing the same row update."""

    def __init__(self, name: str, config: str, module: str, command: list[str], address: str) -> None:
        self.name, self.config = name, config
        self._module, self._command, self._redis = module, command, address
        self._first = 0

    def prepare(self, count: int) -> float:
        """Commit the rows, fill the queue; answers the jobs a second that its front door took."""
        redis.Redis.from_url(self._redis).flushdb()
        self._reset()
        self._first = fill(count, events=False)
        with self._enqueue(count, 0) as process:
            return float(process.communicate()[0])

    def _reset(self) -> None:
        if "procrastinate" in self._module and not ask("SELECT to_regclass('procrastinate_jobs')")[0][0]:
            self._peer(self._module, "schema").check_returncode()
        elif "procrastinate" in self._module:
            ask("TRUNCATE procrastinate_jobs CASCADE")

    def _peer(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PEERS / "python", "-m", *arguments], cwd=ROOT, env=os.environ | self._own, text=True
        )

    @property
    def _own(self) -> dict[str, str]:
        return {"BENCH_REDIS": self._redis, "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": ""}

    def _enqueue(self, count: int, rate: float) -> object:
        command = [PEERS / "python", "-m", self._module, str(self._first), str(count), str(rate)]
        return running(*map(str, command), quiet=subprocess.DEVNULL, **self._own)

    @contextmanager
    def workers(self) -> Iterator[dict[str, Callable[[], float]]]:
        """Its workers at work."""
        with running(
            str(PEERS / self._command[0]), *self._command[1:], quiet=subprocess.DEVNULL, **self._own
        ) as process:
            yield {"worker": lambda: seconds_of([process.pid])}

    def begin(self) -> None:
        """It begins with its first finished row: what comes before is the start of its process."""
        until(lambda: succeeded() > 0, every=0.002)

    @contextmanager
    def submitting(self, count: int, rate: float) -> Iterator[subprocess.Popen[str]]:
        """Send jobs in a process of its own."""
        with self._enqueue(count, rate) as process:
            yield process


def peers(address: str) -> list[Peer]:
    """Those that are compared."""
    dramatiq = ["dramatiq", "benchmarks.peers.dramatiq_app", "--threads", "8", "--processes"]
    app = "benchmarks.peers.{}_app"
    celery = ["-A", app.format("celery"), "worker", "--pool", "solo", "--loglevel", "WARNING"]
    return [
        Peer("Celery", "1 process, solo pool, Redis", app.format("celery"), ["celery", *celery], address),
        Peer(
            "dramatiq 1 x 8", "1 process, 8 threads, Redis", app.format("dramatiq"), [*dramatiq, "1"], address
        ),
        Peer(
            "dramatiq 2 x 8",
            "2 processes, 8 threads, Redis",
            app.format("dramatiq"),
            [*dramatiq, "2"],
            address,
        ),
        Peer(
            "procrastinate",
            "1 process, concurrency 10, PostgreSQL",
            app.format("procrastinate"),
            ["procrastinate", f"--app={app.format('procrastinate')}.app", "worker", "--concurrency", "10"],
            address,
        ),
    ]
