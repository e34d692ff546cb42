"""Break the runtime on purpose and see that the named test notices.

    python -m tests.prove [--list] [--only TEXT]

Works on a copy of the tree in a temporary directory, never on the checkout. Each killer must be green on the
untouched copy and red on the broken one; a mutation whose text is gone, a killer that is missing, and a
survivor each end it with exit code 1.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .mutations import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parents[2]
GREEN, RED = 0, 1
PATIENCE = 180.0


def main() -> int:
    """Parse, run, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--list", action="store_true", help="say what would be broken")
    parser.add_argument("--only", default="", metavar="TEXT", help="only mutations with TEXT in their name")
    options = parser.parse_args()
    chosen = [mutation for mutation in MUTATIONS if options.only in mutation.name]
    if options.list:
        for mutation in chosen:
            print(f"promise {mutation.promise}: {mutation.name}\n    {mutation.killer}")
        return 0
    with tempfile.TemporaryDirectory(prefix="heimdall-prove-") as place:
        return _prove(chosen, _copy(Path(place)))


def _copy(place: Path) -> Path:
    """The tracked and new files of the checkout, as they are now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (source := ROOT / name).is_file():
            target = place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    fetched = place / ".local/cache"  # half a gigabyte that a broken tree need not fetch again
    fetched.parent.mkdir()
    fetched.symlink_to(ROOT / ".local/cache")
    return place


def _prove(chosen: Sequence[Mutation], tree: Path) -> int:
    killers = sorted({mutation.killer for mutation in chosen})
    print(f"{len(killers)} tests must be green before anything is broken ...", flush=True)
    if _run(tree, killers, expected={GREEN}, patience=10 * PATIENCE) != GREEN:
        print("They are not: run them by themselves first.")
        return 1
    survivors = []
    for number, mutation in enumerate(chosen, 1):
        verdict = _try(tree, mutation)
        print(f"[{number}/{len(chosen)}] {verdict:10} {mutation.name}", flush=True)
        if verdict != "caught":
            survivors.append(mutation)
    print(f"{len(chosen) - len(survivors)} caught, {len(survivors)} not")
    return 1 if survivors else 0


def _try(tree: Path, mutation: Mutation) -> str:
    if any((tree / file).read_text().count(old) != 1 for file, old, _ in mutation.edits):
        return "no match"
    with _broken(tree, mutation):
        code = _run(tree, [mutation.killer])
    return {GREEN: "SURVIVED", RED: "caught"}.get(code, f"error {code}")


@contextmanager
def _broken(tree: Path, mutation: Mutation) -> Iterator[None]:
    whole = {file: (tree / file).read_text() for file, *_ in mutation.edits}
    for file, old, new in mutation.edits:
        (tree / file).write_text((tree / file).read_text().replace(old, new))
    try:
        yield
    finally:
        for file, text in whole.items():
            (tree / file).write_text(text)


def _run(
    tree: Path,
    tests: Sequence[str],
    *,
    expected: Collection[int] = (GREEN, RED),
    patience: float = PATIENCE,
) -> int:
    """Exit code of pytest; its output is shown if that is not as expected.

    No bytecode is kept: two versions of a file may have the same age and size.
    """
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(tree)}
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=patience
        )
    except subprocess.TimeoutExpired:
        return RED  # a test that hangs has noticed
    if done.returncode not in expected:
        print(done.stdout[-4000:], done.stderr[-2000:])
    return done.returncode


if __name__ == "__main__":
    raise SystemExit(main())
