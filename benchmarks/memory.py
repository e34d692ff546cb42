"""What `run_consumer all` costs in memory, worker by worker, shared and private apart.

    python -m benchmarks.memory

Starts the real command on the services of the environment, waits until every worker reports that it runs,
and reads `smaps_rollup` of each process: private pages are what one more worker costs, shared ones were
loaded once by the supervisor before it forked.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heimdall_project.settings")
os.environ.setdefault("DEBUG", "true")
os.environ["KAFKA_TOPIC_PREFIX"] = os.environ["KAFKA_GROUP_PREFIX"] = f"bench-{uuid4().hex[:6]}."
os.environ["HEIMDALL_METRICS_PORT"] = "0"

import django

django.setup()

from benchmarks.resident import resident  # noqa: E402
from heimdall_project.streams import broker, registry, topics, worker_registry  # noqa: E402

PATIENCE = 60.0


def main() -> int:
    """Start, wait, measure, stop."""
    broker.admin().create(topics.specs())
    command = [sys.executable, "manage.py", "run_consumer", "all"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as supervisor:
        try:
            rows = [("supervisor", supervisor.pid), *_running(supervisor.pid)]
            print(f"{'process':20}{'private MiB':>14}{'shared MiB':>14}{'resident MiB':>14}")
            for name, pid in rows:
                private, shared = resident(pid)
                print(f"{name:20}{private:14.1f}{shared:14.1f}{private + shared:14.1f}")
        finally:
            supervisor.terminate()
    broker.admin().delete([spec.name for spec in topics.specs()])
    return supervisor.returncode


def _running(supervisor: int) -> list[tuple[str, int]]:
    """Names and pids of the supervisor's workers, once all of them run."""
    wanted = {worker.name for worker in registry.workers()}
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        children = {
            int(pid) for pid in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
        }
        found = {
            row.worker: row.pid
            for row in worker_registry.alive()
            if row.pid in children and row.state == "running"
        }
        if set(found) == wanted:
            return sorted(found.items())
        time.sleep(0.2)
    raise SystemExit(f"not running within {PATIENCE:.0f} s: {', '.join(sorted(wanted - set(found)))}")


if __name__ == "__main__":
    raise SystemExit(main())
