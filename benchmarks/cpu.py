"""CPU-seconds of processes and of those below them, as Linux counts them."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from django.db import connection

TICKS = os.sysconf("SC_CLK_TCK")


def seconds_of(pids: Iterable[int]) -> float:
    """CPU-seconds so far of these processes, and of all below them, also of those that ended."""
    tree: dict[int, list[int]] = {}
    spent: dict[int, int] = {}
    for directory in Path("/proc").iterdir():
        if not directory.name.isdigit():
            continue
        try:
            fields = (directory / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        tree.setdefault(int(fields[1]), []).append(int(directory.name))
        spent[int(directory.name)] = sum(map(int, fields[11:15]))
    found: set[int] = set()
    ahead = list(pids)
    while ahead:
        if (pid := ahead.pop()) not in found:
            found.add(pid)
            ahead += tree.get(pid, [])
    return sum(spent.get(pid, 0) for pid in found) / TICKS


class Backends:
    """The sessions of this database, those of the benchmark itself left out.

    Writers and checkpointer of the server are shared with other databases, so they are not counted.
    """

    def __init__(self) -> None:
        self._before: dict[int, float] = {}
        self._now: dict[int, float] = {}

    def __call__(self) -> float:
        """CPU-seconds so far; sessions that ended count with what was seen last."""
        with connection.cursor() as sql:
            sql.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND application_name <> 'bench'"
            )
            self._now.update({pid: seconds_of([pid]) for (pid,) in sql.fetchall()})
        return sum(self._now.values())


class Meter:
    """CPU-seconds by part since it was made."""

    def __init__(self, parts: Mapping[str, Callable[[], float]]) -> None:
        self._parts = parts
        self._before = {name: read() for name, read in parts.items()}

    def read(self) -> dict[str, float]:
        """CPU-seconds by part."""
        return {name: read() - self._before[name] for name, read in self._parts.items()}


class Machine:
    """What the whole machine did since this was made."""

    def __init__(self) -> None:
        self._busy, self._all = _jiffies()

    def others(self, ours: float) -> float:
        """Share of the machine, 0 to 1, that went to what is not in `ours` (CPU-seconds), stolen time too."""
        busy, all_ = _jiffies()
        return max(0.0, (busy - self._busy - ours * TICKS) / max(all_ - self._all, 1))


def _jiffies() -> tuple[int, int]:
    user, nice, system, idle, iowait, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    busy = user + nice + system + irq + softirq + steal
    return busy, busy + idle + iowait
