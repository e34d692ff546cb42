"""Runs a soak on servers that are there, judges it, spoils it, writes the report. Needs Django set up."""

import os
import platform
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from . import judge
from .console import Console
from .plant import running_plant
from .report import markdown
from .run import Soak, Wish
from .servers import Servers
from .spoil import SPOILS, Spoil

HOLDS, FAILS = 0, 1


def soak(servers: Servers, home: Path, wish: Namespace, console: Console) -> int:
    """0 if it holds, and each way to spoil it was noticed."""
    place = wish.keep or home
    place.mkdir(parents=True, exist_ok=True)
    wanted = Wish(seed=wish.seed, minutes=wish.minutes, eps=wish.eps)
    with running_plant(servers, place.absolute(), wanted.beforehand()) as plant:
        run = Soak(plant, wanted, console)
        run.go()
        figures = run.figures()
        wrong = judge.reasons(figures)
        proof = {} if wrong else run.prove(_spoils(wish.spoil))
    wish.report.parent.mkdir(parents=True, exist_ok=True)
    wish.report.write_text(markdown(figures, wrong, proof, _machine()))
    blind = [name for name, why in proof.items() if not why]
    for reason in [*wrong, *(f"nobody noticed that {name}" for name in blind)]:
        console.say(f"IT DOES NOT HOLD: {reason}")
    if not wrong and not blind:
        console.say(f"It holds. The report: {wish.report}")
    return FAILS if wrong or blind else HOLDS


def _spoils(wanted: str) -> Sequence[Spoil]:
    """`all`, `none`, or names with commas."""
    names = {"all": [spoil.key for spoil in SPOILS], "none": []}.get(wanted, wanted.split(","))
    return [spoil for spoil in SPOILS if spoil.key in names]


def _machine() -> str:
    return f"{os.cpu_count()} cores that others use too, Python {platform.python_version()}"
