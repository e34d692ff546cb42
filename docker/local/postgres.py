"""PostgreSQL of an instance: a cluster of its own, also when we are root (the server refuses to be)."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
from pathlib import Path

from .errors import StackError
from .ports import LOOPBACK
from .service import Service, server_environment

MIN_VERSION = 13
_INSTALLED = Path("/usr/lib/postgresql")
_OUTSIDE = Path("/var/tmp")  # noqa: S108 - survives a restart, and every user may reach it
_HBA = f"host all all {LOOPBACK}/32 scram-sha-256\n"
# In single-user mode a statement ends with its line.
_SETUP = """\
CREATE ROLE heimdall LOGIN CREATEDB PASSWORD 'heimdall'
CREATE DATABASE heimdall OWNER heimdall
"""


class Postgres(Service):
    """One PostgreSQL cluster with the role and database ``heimdall``; only TCP, only the loopback."""

    name = "postgres"
    ports_used = ("postgres",)
    stop_signal = signal.SIGINT  # the fast shutdown: ends sessions, keeps every commit

    def prepare(self) -> None:
        place_data(self.data, self.owner, self.instance.digest)
        if not (self.data / "PG_VERSION").exists():
            self._create_cluster()

    def command(self) -> list[str]:
        options = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",  # a path in a deep checkout would pass the limit of 107 bytes
            "max_connections": "200",
            "timezone": "UTC",
            "log_line_prefix": "%m [%p] ",
        }
        settings = [argument for name, value in options.items() for argument in ("-c", f"{name}={value}")]
        return [str(self._binary("postgres")), "-D", str(self.data.resolve()), *settings]

    def is_ready(self) -> bool:
        probe = [str(self._binary("pg_isready")), "-q", "-t", "2", "-h", LOOPBACK, "-p", str(self.port)]
        return subprocess.run(probe, env=server_environment(), check=False).returncode == 0

    @property
    def owner(self) -> tuple[int, int] | None:
        """Root hands the cluster to whoever owns its files, at first to ``postgres``."""
        if os.geteuid() != 0:
            return None
        if (self.data / "PG_VERSION").exists():
            files = self.data.stat()
            return files.st_uid, files.st_gid
        return unprivileged_user()

    def destroy(self) -> None:
        self.kill()
        target = self.data.resolve()
        shutil.rmtree(target, ignore_errors=True)
        if self.data.is_symlink():
            self.data.unlink()

    def _binary(self, name: str) -> Path:
        marker = self.data / "PG_VERSION"
        return binaries(marker.read_text().strip() if marker.exists() else None) / name

    def _create_cluster(self) -> None:
        """Build beside, rename when whole: a cluster cut short is never taken for a good one."""
        home = self.data.resolve()
        draft = home / "draft"
        for left_behind in home.iterdir():
            shutil.rmtree(left_behind) if left_behind.is_dir() else left_behind.unlink()
        make_up = ("-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust")
        self._tool("initdb", "-D", str(draft), *make_up)
        (draft / "pg_hba.conf").write_text(_HBA)
        single = ("--single", "-D", str(draft), "-c", "exit_on_error=on", "postgres")
        self._tool("postgres", *single, stdin=_SETUP)
        # PG_VERSION is what marks a cluster as whole, so it moves last.
        for entry in sorted(draft.iterdir(), key=lambda path: path.name == "PG_VERSION"):
            entry.rename(home / entry.name)
        draft.rmdir()

    def _tool(self, name: str, *arguments: str, stdin: str = "") -> None:
        uid, gid = self.owner or (None, None)
        run = subprocess.run(
            [str(self._binary(name)), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            cwd="/",
            user=uid,
            group=gid,
            extra_groups=None if uid is None else [],
            env=server_environment(),
            check=False,
        )
        if run.returncode:
            raise StackError(f"{name} failed:\n{run.stdout}{run.stderr}")


def binaries(version: str | None = None, installed: Path = _INSTALLED) -> Path:
    """The programs of a PostgreSQL major version, by default of the newest installed one."""
    found = {path.parent.parent.name: path.parent for path in installed.glob("*/bin/postgres")}
    if version is not None:
        if version not in found:
            raise StackError(f"the data is of PostgreSQL {version}, which is not installed (or: make reset)")
        return found[version]
    usable = [name for name in found if name.isdigit() and int(name) >= MIN_VERSION]
    if not usable:
        raise StackError(f"PostgreSQL >= {MIN_VERSION} is not installed (make up and make test install it)")
    return found[max(usable, key=int)]


def unprivileged_user() -> tuple[int, int]:
    """The (uid, gid) that runs the cluster for root: Debian's ``postgres``, else ``nobody``."""
    names = {entry.pw_name: (entry.pw_uid, entry.pw_gid) for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def place_data(data: Path, owner: tuple[int, int] | None, digest: str, outside: Path = _OUTSIDE) -> None:
    """Make the data directory where its owner can reach it.

    A checkout below /root is closed to every other user: then the files lie under /var/tmp and ``data``
    is a link to them, which moves with the checkout.
    """
    if not data.exists():
        data.unlink(missing_ok=True)  # a link to files that are gone
        data.parent.mkdir(parents=True, exist_ok=True)
        if owner is None or reachable_by(data.parent, *owner):
            data.mkdir(mode=0o700)
        else:
            data.symlink_to(_claim(outside / f"heimdall-{digest}-postgres", owner[0]))
        if owner is not None:
            os.chown(data, *owner)
    files = data.resolve()
    if owner is not None and not reachable_by(files.parent, *owner):
        raise StackError(f"{files} cannot be reached by uid {owner[0]}, who owns it: move it, or make reset")
    if owner is None and files.stat().st_uid != os.geteuid():
        raise StackError(f"{files} belongs to uid {files.stat().st_uid}: run as that user, or make reset")


def _claim(place: Path, uid: int) -> Path:
    """Make a directory where everybody may write; one that a third user put there is not ours to use."""
    place.mkdir(mode=0o700, exist_ok=True)
    if place.is_symlink() or place.stat().st_uid not in (os.geteuid(), uid):
        raise StackError(f"{place} is there already and belongs to somebody else: remove it")
    return place


def reachable_by(path: Path, uid: int, gid: int) -> bool:
    """True if the user may traverse each directory down to ``path``, by the mode bits."""
    for directory in (path, *path.parents):
        status = directory.stat()
        if status.st_uid == uid:
            needed = stat.S_IXUSR
        else:
            needed = stat.S_IXGRP if status.st_gid == gid else stat.S_IXOTH
        if not status.st_mode & needed:
            return False
    return True
