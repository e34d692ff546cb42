"""What a run could not send, in a file: records as they are, and all that is needed to go on.

A line of JSON with the state, then a line a record of each block that was under way; so another version of
the generator, which would make other bytes, sends those that were made.
"""

import os
from pathlib import Path

import msgspec

from .blocks import Made
from .options import Options
from .running import OpenBlock
from .truth import Fate, Truth

FORMAT = 1


class Head(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The first line."""

    format: int = FORMAT
    options: Options
    target: str
    """Topic, or address of the door, to which they were sent."""
    truth: Truth
    """Of all blocks before those in this file."""
    blocks: list[tuple[int, list[Fate]]]
    """Numbers of the blocks in this file, with the fate of each of their records."""
    next_block: int


class Spilled(msgspec.Struct):
    """A file that was read."""

    head: Head
    blocks: list[OpenBlock]

    @property
    def pending(self) -> int:
        """Records to send again."""
        return sum(fate is not Fate.ACKED for block in self.blocks for fate in block.fates)


def write(path: Path, *, truth: Truth, target: str, blocks: list[OpenBlock], next_block: int) -> None:
    """Write the file whole or not at all, onto the disk. Raises OSError."""
    head = Head(
        options=truth.options,
        target=target,
        truth=truth,
        blocks=[(block.number, block.fates) for block in blocks],
        next_block=next_block,
    )
    lines = [head, *(made for block in blocks for made in block.records)]
    save(path, b"\n".join(map(msgspec.json.encode, lines)) + b"\n")


def save(path: Path, content: bytes) -> None:
    """Put a file in its place whole or not at all, onto the disk. Raises OSError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def read(path: Path) -> Spilled:
    """Read such a file. Raises OSError, or ValueError naming what is wrong."""
    first, *rest = path.read_bytes().splitlines() or [b""]
    try:
        head = msgspec.json.decode(first, type=Head)
        records = [msgspec.json.decode(line, type=Made) for line in rest]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"not a file of spilled records: {error}") from None
    if head.format != FORMAT:
        raise ValueError(f"format {head.format} is not known here; this version reads {FORMAT}")
    if len(records) != sum(len(fates) for _, fates in head.blocks):
        raise ValueError("records are missing: the file was cut off, or changed")
    blocks, rows = [], iter(records)
    for number, fates in head.blocks:
        blocks.append(OpenBlock(number, [next(rows) for _ in fates], list(fates)))
    return Spilled(head, blocks)
