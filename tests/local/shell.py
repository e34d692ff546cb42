"""Runs functions of the bootstrap scripts in a world of fake commands."""

import os
import subprocess
from pathlib import Path

from docker.local.instance import CHECKOUT

_SCRIPTS = CHECKOUT / "docker/local"


class Shell:
    """A bash with an own PATH: only what a test puts there exists, besides a few basic tools."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.bin = home / "bin"
        self.bin.mkdir()
        for tool in ("bash", "cat", "sed", "grep", "find", "sort", "head", "tr", "dirname", "basename"):
            for directory in ("/usr/bin", "/bin"):
                if os.access(f"{directory}/{tool}", os.X_OK):
                    (self.bin / tool).unlink(missing_ok=True)
                    (self.bin / tool).symlink_to(f"{directory}/{tool}")

    def fake(self, path: str, script: str) -> Path:
        """Put an executable script at a path below the fake home."""
        file = self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/bash\n{script}\n")
        file.chmod(0o755)
        return file

    def fake_python(self, path: str, version: str, *, with_pip: bool = True) -> Path:
        """A Python that answers the two questions of python.sh as one of that version would."""
        major, minor = version.split(".")[:2]
        new_enough = int((int(major), int(minor)) >= (3, 12))
        return self.fake(
            path,
            'case "$2" in\n'
            f"  *version_info\\ \\<*) exit $((1 - {new_enough})) ;;\n"
            f"  *ensurepip*) exit $((1 - {int(with_pip)})) ;;\n"
            f"  *print*) echo python{major}.{minor}-venv ;;\n"
            "esac",
        )

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        """Source both scripts and run one line, in an empty directory."""
        sources = f"source {_SCRIPTS}/python.sh; source {_SCRIPTS}/packages.sh"
        return subprocess.run(
            [str(self.bin / "bash"), "-c", f"{sources}; {line}"],
            env={
                "PATH": str(self.bin),
                "HOME": str(self.home),
                "POSTGRES_ROOT": str(self.home / "postgresql"),
            },
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )
