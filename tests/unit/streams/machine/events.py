"""What can happen, as tables: the state machine and the storms choose from them."""

from collections.abc import Callable
from typing import Any

from .world import GROUP, HOPELESS, OTHER, At, Process, World

KINDS = ["good"] * 6 + ["shaky", *HOPELESS]
"""Kinds of records that are produced."""
WORK = ["all", "all", "one", "none"]
"""How far the threads of a process get before its loop turns."""
PEOPLE: list[Callable[[World, At], Any]] = [
    lambda world, at: world.redrive(at, GROUP, copies=1),
    lambda world, at: world.redrive(at, GROUP, copies=3),
    lambda world, at: world.redrive(at, OTHER, copies=1),
    World.forge,
    World.skip,
]
BLOWS: list[Callable[[World, Process], Any]] = [
    lambda world, process: world.leave(process, patient=True),
    lambda world, process: world.leave(process, patient=False),
    lambda world, process: world.crash(process, last_words=True),
    lambda world, process: world.crash(process, last_words=False),
    World.freeze,
    World.expire,
    World.raise_in_callback,
    World.refuse_commits,
    World.lose_answers,
    World.lose_commits,
]
WEATHER: list[Callable[[World], Any]] = [
    World.clear_up,
    World.clear_up,
    World.thaw,
    World.dependency_goes_down,
    World.database_goes_down,
    World.dead_letter_topic_goes_down,
    World.handlers_become_slow,
    World.retention,
    lambda world: world.set_trap("killed"),
    lambda world: world.set_trap("books"),
    lambda world: world.set_trap("meanwhile"),
]
