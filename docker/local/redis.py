"""Redis of an instance: append-only, on the loopback."""

import shutil
import socket
from pathlib import Path

from .errors import StackError
from .ports import LOOPBACK
from .service import Service

_CONFIG = """\
bind {host}
port {port}
dir "{data}"
appendonly yes
save ""
daemonize no
"""


class Redis(Service):
    """One Redis server. Data survives a kill; the death of the machine costs up to a second."""

    name = "redis"
    ports_used = ("redis",)

    def prepare(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        self._config.write_text(_CONFIG.format(host=LOOPBACK, port=self.port, data=self.data))

    def command(self) -> list[str]:
        server = shutil.which("redis-server")
        if server is None:
            raise StackError("redis-server is not installed (make up and make test install it)")
        return [server, str(self._config)]

    def is_ready(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16) == b"+PONG\r\n"  # -LOADING while it reads its file
        except OSError:
            return False

    @property
    def _config(self) -> Path:
        return self.instance.run / "redis.conf"
