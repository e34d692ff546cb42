"""`make help` is complete."""

import re
import subprocess

from docker.local.instance import CHECKOUT


def test_help_lists_each_target_with_a_line() -> None:
    text = (CHECKOUT / "Makefile").read_text()
    declared = re.findall(r"[\w-]+", re.search(r"^\.PHONY:((?:.*\\\n)*.*)", text, re.M).group(1))  # type: ignore[union-attr]
    helped = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout
    listed = {line.split()[0] for line in helped.splitlines() if len(line.split()) > 1}
    assert listed == {name for name in declared if not name.startswith("bootstrap-")}
