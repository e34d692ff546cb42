"""Resident memory of processes, as Linux counts it."""

from pathlib import Path


def resident(pid: int) -> tuple[float, float]:
    """Private and shared resident MiB of a process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    private = kib["Private_Clean"] + kib["Private_Dirty"]
    return private / 1024, (kib["Rss"] - private) / 1024
