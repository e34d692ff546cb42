"""A ClickHouse on a disk that is really full: a file system of its own, if one may be mounted here."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from docker.local import ClickHouse, private_instance

MEGABYTES = 96
"""Enough for the engine and some parts."""
PIECE = 64 * 1024


class SmallDisk:
    """The disk of a server. Where nothing may be mounted, the engine is told that it has no room."""

    def __init__(self, server: ClickHouse, *, is_mounted: bool) -> None:
        self.server = server
        self.is_mounted = is_mounted
        self._filler = server.data / "filler"

    def fill(self) -> None:
        """Not a byte is left."""
        if not self.is_mounted:
            self.server.configure(min_free_disk_bytes_to_perform_insert=10**15)
            return
        with suppress(OSError), self._filler.open("wb", buffering=0) as file:
            while file.write(b"x" * PIECE):
                pass

    def free(self) -> None:
        """There is room again."""
        self.server.configure()
        self._filler.unlink(missing_ok=True)


@contextmanager
def clickhouse_on_a_small_disk() -> Iterator[SmallDisk]:
    """A server that runs, on such a disk."""
    with tempfile.TemporaryDirectory(prefix="heimdall-faults-", dir="/var/tmp") as home:
        server = ClickHouse(private_instance(Path(home)))
        server.data.mkdir(parents=True)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(server.data)]
        try:
            is_mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            is_mounted = False
        try:
            server.start()
            yield SmallDisk(server, is_mounted=is_mounted)
        finally:
            server.kill()
            if is_mounted:
                subprocess.run(["umount", "--lazy", str(server.data)], check=True)
            server.destroy()
