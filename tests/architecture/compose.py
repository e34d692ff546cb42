"""The compose files as compose merges them.

What the reference implementation makes of the files is kept in `rendered/`, with the digest of what it was
made of, so that tests can read it where there is no such tool. After a change of a compose file:

    python -m tests.architecture.compose

It needs `compose-spec` on PATH or in .local/cache/bin: the command of the Go module
github.com/compose-spec/compose-go/v2 (`go install …/cmd@v2.16.2`, renamed).
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
RENDERED = Path(__file__).parent / "rendered"
SCHEMAS = Path(__file__).parent / "schemas"
MERGED = {"compose": ("compose.yml",), "compose-e2e": ("compose.yml", "compose.e2e.yml")}
"""What is kept, by the files it is made of."""
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")


class _Loader(yaml.SafeLoader):
    """YAML with the tags of compose, which say how to merge; what they stand at is read as it is."""


def _plain(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return None


_Loader.add_multi_constructor("!", _plain)


def read(name: str) -> dict[str, Any]:
    """One file below `docker/`, as it is written."""
    return dict(yaml.load((DOCKER / name).read_text(), _Loader))  # noqa: S506 - a SafeLoader


def merged(name: str) -> dict[str, Any]:
    """Several files merged, as kept."""
    return dict(yaml.safe_load((RENDERED / f"{name}.yml").read_text()))


def environment(service: dict[str, Any]) -> dict[str, str]:
    """The variables of a service; merging makes a list of them."""
    given = service.get("environment", {})
    pairs = given.items() if isinstance(given, dict) else (each.split("=", 1) for each in given)
    return {name: str(value) for name, value in pairs}


def interpolated(value: Any) -> Any:
    """With the default of each variable, and with some text for one that must be set."""
    if isinstance(value, dict):
        return {name: interpolated(each) for name, each in value.items()}
    if isinstance(value, list):
        return [interpolated(each) for each in value]
    if isinstance(value, str):
        return _VARIABLE.sub(lambda found: found["rest"] if found["kind"] == "-" else "set", value)
    return value


def required(value: Any) -> set[str]:
    """Names of variables without which nothing starts."""
    text = json.dumps(value)
    return {found["name"] for found in _VARIABLE.finditer(text) if found["kind"] != "-"}


@cache
def validator(name: str) -> jsonschema_rs.Draft202012Validator | jsonschema_rs.Draft4Validator:
    """The vendored schema of that name."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    draft4 = "draft-04" in schema["$schema"]
    return (jsonschema_rs.Draft4Validator if draft4 else jsonschema_rs.Draft202012Validator)(schema)


def violations(document: dict[str, Any], schema: str) -> list[str]:
    """Where a document breaks the schema."""
    found = validator(schema).iter_errors(interpolated(document))
    return [f"{'/'.join(map(str, error.instance_path))}: {error.message}"[:300] for error in found]


# --- keeping --------------------------------------------------------------------------------------------


def tool() -> str | None:
    """Where the reference implementation is, if it is here."""
    cached = ROOT / ".local/cache/bin/compose-spec"
    return str(cached) if cached.exists() else shutil.which("compose-spec")


def header(name: str) -> str:
    """First line of what is kept."""
    text = b"".join(f.encode() + b"\0" + (DOCKER / f).read_bytes() for f in MERGED[name])
    return f"# {' + '.join(MERGED[name])} {hashlib.sha256(text).hexdigest()}\n"


def render(name: str) -> str:
    """What the reference implementation makes of the files; variables stay as they are."""
    options = ["--no-interpolation", "--no-path-resolution"]
    command = [tool() or "compose-spec", *options, *MERGED[name]]
    done = subprocess.run(command, cwd=DOCKER, capture_output=True, text=True, check=True)
    return done.stdout.rstrip() + "\n"


def main() -> None:
    """Merge all again."""
    for name in MERGED:
        (RENDERED / f"{name}.yml").write_text(header(name) + render(name))
    sys.stdout.write(f"{len(MERGED)} files written to {RENDERED.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
