"""`python -m tests.soak --minutes 15 --seed 7`: see docs/soak.md."""

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

from .console import Console
from .schedule import lines, schedule

INTERRUPTED = 130
REPORT = Path(".local/soak/report.md")


def main() -> int:
    """Parse, run, judge, report. 0 if it holds."""
    wish = _arguments()
    console = Console(_say)
    faults = schedule(wish.seed, wish.minutes)
    console.say(f"{wish.minutes:g} minutes, seed {wish.seed}: {len(faults)} faults")
    if wish.dry_run:
        for line in lines(faults):
            console.say(line)
        return 0
    from .servers import running_servers  # what follows needs servers, and Django set up for them

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(INTERRUPTED))  # servers are ended on the way out
    with running_servers() as servers, tempfile.TemporaryDirectory(prefix="heimdall-soak-") as home:
        os.environ.update(servers.environment())
        import django

        django.setup()
        from .session import soak

        return soak(servers, Path(home), wish, console)


def _say(text: str) -> None:
    print(text, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=15.0, help="how long (default: %(default)g)")
    parser.add_argument("--seed", type=int, default=1, help="decides load and faults (default: %(default)s)")
    parser.add_argument("--eps", type=float, default=300.0, help="records a second over Kafka")
    parser.add_argument("--dry-run", action="store_true", help="print the schedule, and do nothing")
    parser.add_argument("--report", type=Path, default=REPORT, help="where it goes (default: %(default)s)")
    parser.add_argument(
        "--spoil", default="all", help="how to spoil the stores afterwards: all, none, or names with commas"
    )
    parser.add_argument("--keep", type=Path, help="an empty directory for logs and truths, which stays")
    wish = parser.parse_args()
    if not 0.1 <= wish.minutes <= 24 * 60:
        parser.error("--minutes: from 0.1 to 1440")
    return wish


if __name__ == "__main__":
    sys.exit(main())
