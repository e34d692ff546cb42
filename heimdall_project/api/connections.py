"""TCP connections that this process holds, seen through the kernel (Linux; elsewhere there are none).

The server does not tell by which connection a request came, only its peer's address. What can be known of a
connection: its two ends, and how many bytes its peer has acknowledged.
"""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress

_FDS = "/proc/self/fd"
_ACKED = slice(120, 128)
"""`tcpi_bytes_acked` in `struct tcp_info`, Linux 4.1 and later."""


class Connection:
    """One connection, through a descriptor of our own, so that no other can be mistaken for it."""

    def __init__(self, held: socket.socket) -> None:
        self._held = held
        self.address: str = held.getpeername()[0]
        told = held.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        if len(told) < _ACKED.stop:
            raise OSError("this kernel does not count")
        self.sent = int.from_bytes(told[_ACKED], sys.byteorder)
        """Bytes that the peer has acknowledged."""

    def stop_reading(self) -> None:
        """Whoever reads from it is told that nothing more comes; an answer can still be sent."""
        self._held.shutdown(socket.SHUT_RD)


def connections(port: int) -> Iterator[tuple[int, Connection]]:
    """Those to a port of ours, with their inode. Each can be used until the next is asked for."""
    for name in _names():
        with suppress(OSError, ValueError):  # closed meanwhile, no socket, or not connected
            inode = _inode(name)
            with _duplicate(int(name)) as held:
                if held.family in (socket.AF_INET, socket.AF_INET6) and held.getsockname()[1] == port:
                    yield inode, Connection(held)


def _names() -> list[str]:
    try:
        return os.listdir(_FDS)
    except OSError:
        return []


def _inode(name: str) -> int:
    """Raises ValueError for what is no socket."""
    kind, _, inode = os.readlink(f"{_FDS}/{name}").partition(":")
    if kind != "socket":
        raise ValueError(kind)
    return int(inode.strip("[]"))


def _duplicate(number: int) -> socket.socket:
    mine = os.dup(number)
    try:
        return socket.socket(fileno=mine)
    except OSError:
        os.close(mine)
        raise
