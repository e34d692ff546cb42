"""Labelled incidents: excerpts of several services each, made up for these tests line by line.

``labels.json`` names what fails (any of some spellings), the kind of failure, how bad it is, and lines of
which at least one must be cited; the folder is the domain. All bundles were written before the rules were
tuned to them. Four parts, with the number of right components when they were first scored:

- ``tuned`` (10 of 16): the rules were made to fit them.
- ``held_out`` (6 of 8): not looked at while that was done.
- ``second`` (2 of 8): written after that, in formats that had not been read before (MySQL, MongoDB, pino,
  Ruby, Serilog, Envoy); the reading of headers was then made to fit them.
- ``third`` (8 of 8): written after that, in the formats of the first two parts. Nothing was made to fit them.
"""

import json
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Bundle:
    """One incident and its labels."""

    name: str
    component: tuple[str, ...]
    cause: tuple[str, ...]
    severity: tuple[str, ...]
    cites: frozenset[int]
    part: str

    @property
    def domain(self) -> str:
        """Whose business it is."""
        return self.name.partition("/")[0]

    @property
    def content(self) -> str:
        """The log."""
        return (HERE / f"{self.name}.log").read_text("utf-8")


def _bundle(name: str, label: dict[str, object]) -> Bundle:
    def texts(key: str) -> tuple[str, ...]:
        return tuple(str(each) for each in label[key])  # type: ignore[attr-defined]

    return Bundle(
        name,
        texts("component"),
        texts("cause"),
        texts("severity"),
        frozenset(map(int, texts("cites"))),
        str(label["part"]),
    )


BUNDLES = [_bundle(*each) for each in json.loads((HERE / "labels.json").read_text("utf-8")).items()]
