"""The Helm chart as Kubernetes gets it.

What `helm template` makes of each values file is kept in `rendered/`, with the digest of the chart that it
was made of, so that tests can read it where there is no helm. After a change of the chart:

    python -m tests.architecture.chart    # needs helm, on PATH or in .local/cache/bin
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts/heimdall"
RENDERED = Path(__file__).parent / "rendered"
VALUES = ("values", "values-dev", "values-prod")
RELEASE = "heimdall"


def digest() -> str:
    """Of every file of the chart."""
    files = sorted(path for path in CHART.rglob("*") if path.is_file())
    text = b"".join(str(path.relative_to(CHART)).encode() + b"\0" + path.read_bytes() for path in files)
    return hashlib.sha256(text).hexdigest()


def helm() -> str | None:
    """Where helm is, if it is here."""
    cached = ROOT / ".local/cache/bin/helm"
    return str(cached) if cached.exists() else shutil.which("helm")


def render(values: str) -> str:
    """What helm makes of one values file."""
    command = [helm() or "helm", "template", RELEASE, str(CHART), "--values", str(CHART / f"{values}.yaml")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def kept(values: str) -> str:
    """What helm made of it, as kept."""
    return (RENDERED / f"{values}.yaml").read_text()


def objects(values: str) -> list[dict[str, Any]]:
    """The Kubernetes objects of one values file."""
    return [each for each in yaml.safe_load_all(kept(values)) if each]


def header() -> str:
    """First line of what is kept."""
    return f"# helm template of chart {digest()}\n"


def main() -> None:
    """Render all again."""
    for values in VALUES:
        (RENDERED / f"{values}.yaml").write_text(header() + render(values))
    sys.stdout.write(f"{len(VALUES)} files written to {RENDERED.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
