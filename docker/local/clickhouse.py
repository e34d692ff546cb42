"""ClickHouse of an instance: the real engine behind its HTTP interface, in a process of its own."""

import hashlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .errors import StackError
from .instance import CHECKOUT, STATE
from .ports import LOOPBACK
from .service import Service, server_environment

USER = "heimdall"
PASSWORD = "heimdall"  # noqa: S105 - of a server that listens on the loopback only
DATABASE = "heimdall"
_PROGRAM = "docker.local.clickhouse_server"
_REQUIREMENTS = Path(__file__).parent / "clickhouse_server/requirements.txt"


class ClickHouse(Service):
    """One engine with the user and database ``heimdall``. Data survive a kill of the process."""

    name = "clickhouse"
    ports_used = ("clickhouse",)

    def prepare(self) -> None:
        engine()
        self.data.mkdir(parents=True, exist_ok=True)
        self.configure()

    def command(self) -> list[str]:
        options = ["--host", LOOPBACK, "--port", str(self.port), "--data", str(self.data)]
        return [sys.executable, "-m", _PROGRAM, *options, "--profile", str(self._profile)]

    def environment(self) -> dict[str, str]:
        places = os.pathsep.join([str(CHECKOUT), str(engine())])
        return server_environment() | {"PYTHONPATH": places, "PYTHONUNBUFFERED": "1"}

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=2)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().read() == b"Ok.\n"
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def configure(self, *, password: str = PASSWORD, **settings: str | int) -> None:
        """What each request begins with from now on, also on a running server; without arguments: nothing.

        ``configure(readonly=2)`` has every insert refused with code 164,
        ``configure(max_memory_usage=1000, max_untracked_memory=1)`` with 241, ``configure(password="other")``
        every client with 516. A test resets it.
        """
        profile = {
            "user": USER,
            "password": password,
            "database": DATABASE,
            "settings": {name: str(value) for name, value in settings.items()},
        }
        self._profile.parent.mkdir(parents=True, exist_ok=True)
        draft = self._profile.with_suffix(".draft")
        draft.write_text(json.dumps(profile))
        draft.replace(self._profile)

    @property
    def _profile(self) -> Path:
        return self.instance.run / "clickhouse-profile.json"


def engine() -> Path:
    """The directory with the engine's Python package, fetched by pip when its requirements changed.

    It does not belong into ``.venv``: half a gigabyte that only this one program imports, and that linters,
    image and production have no use for.
    """
    target = STATE / "cache" / f"clickhouse-{hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()[:10]}"
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="clickhouse-draft-") as draft:
        packages = Path(draft) / "packages"
        install = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
        ]
        exactly = [
            "--no-deps",
            "--require-hashes",
            "--requirement",
            str(_REQUIREMENTS),
            "--target",
            str(packages),
        ]
        run = subprocess.run([*install, *exactly], capture_output=True, text=True, check=False)
        if run.returncode:
            raise StackError(
                f"pip could not fetch the engine of ClickHouse:\n{run.stdout[-3000:]}{run.stderr[-1000:]}"
            )
        if not target.exists():  # another instance may have been faster
            packages.replace(target)
    return target
