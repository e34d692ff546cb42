"""From a table of templates to a labelled log."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from .draw import Draw


@dataclass(frozen=True, slots=True)
class Family:
    """Templates of one system: each row is a weight and a text with placeholders; ``header`` goes before."""

    name: str
    header: str
    rows: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """A generated log: messages, the same with headers, and the true template number of each line."""

    name: str
    messages: tuple[str, ...]
    raw: tuple[str, ...]
    truth: tuple[int, ...]


def generate(family: Family, lines: int = 2000, seed: int = 7) -> Corpus:
    """At least ``lines`` lines, every template present at least once, in a seeded random order."""
    draw = Draw(seed + zlib.crc32(family.name.encode()))
    total = sum(weight for weight, _ in family.rows)
    truth: list[int] = []
    for number, (weight, _) in enumerate(family.rows):
        truth.extend([number] * max(1, lines * weight // total))
    draw.random.shuffle(truth)
    messages = tuple(draw.fill(family.rows[number][1]) for number in truth)
    raw = tuple(draw.fill(family.header) + message for message in messages)
    return Corpus(family.name, messages, raw, tuple(truth))
