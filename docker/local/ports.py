"""TCP ports on the loopback: which are taken, by whom, and which are free."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from random import SystemRandom

LOOPBACK = "127.0.0.1"
OUTSIDE_OF_CLIENTS = range(30_000, 32_700)
"""Below those that the system gives to clients."""

_LISTEN = "0A"  # the state column of /proc/net/tcp


def is_taken(port: int) -> bool:
    """True if a listener could not be opened on the loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Connections of a server that just stopped linger in TIME_WAIT; they block nobody.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False


def answers(port: int) -> bool:
    """True if something accepts connections on the loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def free_ports(count: int) -> list[int]:
    """Distinct ports that nobody holds at this moment.

    Below those that the system gives to clients: one that reconnects to a stopped server could be given the
    server's own port, connect to itself, and keep the server from coming back.
    """
    candidates = SystemRandom().sample(OUTSIDE_OF_CLIENTS, len(OUTSIDE_OF_CLIENTS))
    return list(islice((port for port in candidates if not is_taken(port)), count))


def holder(port: int) -> str | None:
    """The process that listens on ``port`` as ``command (pid N)``; None if it cannot be seen from here."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for process in Path("/proc").glob("[0-9]*") if sockets else ():
        # A process may end, and a file be closed, while we look; those of other users are closed to us.
        with suppress(OSError):
            if sockets & set(_open_files(process)):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
    return None


def _open_files(process: Path) -> Iterator[str]:
    for descriptor in (process / "fd").iterdir():
        with suppress(FileNotFoundError):
            yield str(descriptor.readlink())


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == _LISTEN and int(columns[1].rpartition(":")[2], 16) == port:
                inodes.add(columns[9])
    return inodes
