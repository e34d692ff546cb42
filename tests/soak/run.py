"""One soak from its servers to its figures."""

import dataclasses
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaException

from docker.local import StackError
from heimdall_project.errors import TransientError
from heimdall_project.streams.ports import SystemClock
from tests.faults.writers import VIEWS, WRITER

from . import judge, oracle
from .console import Console
from .figures import Figures, Happened
from .plant import FAULTS, Load, Plant
from .schedule import Fault, schedule
from .spoil import Spoil
from .strikes import STOPPING, Strikes
from .watch import Watch, watching

FINISHING = 240.0
"""Seconds in which generators end after their time."""
BACKLOG = 100_000
PATIENCE = 240.0
"""Seconds in which the backlog is stored, and load flows."""
NEVER = -1000
"""Exit code of a process that did not end in time."""
_WRONG = (AssertionError, OSError, StackError, TransientError, KafkaException, subprocess.SubprocessError)


@dataclass(frozen=True)
class Wish:
    """What is wanted."""

    seed: int
    minutes: float
    eps: float
    """Records a second over Kafka; a quarter of that comes over HTTP beside them."""

    @property
    def backlog(self) -> int:
        """Records that are there before the writers: enough to fill every buffer of a run of minutes once."""
        return int(BACKLOG * min(1.0, self.minutes / 2))

    def beforehand(self) -> list[str]:
        """Arguments of the generator of the backlog."""
        return [f"--count={self.backlog}", "--flat-out", f"--faults={FAULTS}", f"--seed={self.seed + 2}"]


def loads(plant: Plant, wish: Wish) -> Iterator[Load]:
    """The generators, started: over Kafka, and over HTTP by the door."""
    seconds = f"--seconds={wish.minutes * 60:g}"
    common = (seconds, f"--faults={FAULTS}")
    yield Load("Kafka", plant.place, [*common, f"--seed={wish.seed}", f"--eps={wish.eps:g}"])
    door = f"--http=http://127.0.0.1:{plant.door_port}"
    yield Load("HTTP", plant.place, [*common, f"--seed={wish.seed + 1}", f"--eps={wish.eps / 4:g}", door])


def timeline(faults: Sequence[Fault]) -> list[tuple[float, bool, Fault]]:
    """Moments in order: when, whether it is an end, and of which fault."""
    begins = [(each.at, False, each) for each in faults]
    ends = [(each.until, True, each) for each in faults]
    return sorted([*begins, *ends], key=lambda each: (each[0], each[2].number, each[1]))


class Soak:
    """A plant under load and faults."""

    def __init__(self, plant: Plant, wish: Wish, console: Console) -> None:
        self.plant, self.wish, self._console = plant, wish, console
        self.planned = schedule(wish.seed, wish.minutes)
        self.loads: list[Load] = [plant.backlog]
        self.codes: dict[str, int] = {plant.backlog.name: 0}
        self.ended: dict[str, str] = {}
        pid, seconds = plant.other.process.pid, wish.minutes * 60
        self.watch = Watch(dataclasses.replace(plant.place), pid, SystemClock(), console, seconds)

    def go(self) -> None:
        """Load and faults until both are over, the writers are through, and everybody has ended in order."""
        with ExitStack() as stack:
            for load in loads(self.plant, self.wish):
                stack.callback(load.end)
                self.loads.append(load)
            self._wait(self._is_flowing, PATIENCE)
            self.watch.begin()
            stack.enter_context(watching(self.watch))
            self._strike()
            self._console.say("The faults are over; waiting for generators and writers.")
            for load in self.loads[1:]:
                self.codes[load.name] = _finished(load, self.wish.minutes * 60 + FINISHING)
            self._wait(lambda: self.watch.is_calm and _is_through(self.plant), judge.RECOVERY)
        self._stop_all()

    def _is_flowing(self) -> bool:
        """Whether something of each generator is stored (users are named by their run), and the backlog."""
        [runs] = self.plant.place.column("SELECT uniqExact(splitByChar('-', user_id)[1]) FROM page_views")
        return int(runs) == len(self.loads) and self.plant.place.raw("page_view_arrivals") > self.wish.backlog

    def _strike(self) -> None:
        strikes, by_number = Strikes(self.plant), dict[int, Happened]()
        for moment, is_end, fault in timeline(self.planned):
            time.sleep(max(0.0, moment - self.watch.now))
            if is_end:
                each = by_number[fault.number]
                # One that began late holds for as long all the same.
                time.sleep(max(0.0, each.began + fault.hold - self.watch.now))
                _try(each, lambda fault=fault: strikes.end(fault))  # type: ignore[misc]
                each.ended = self.watch.now
                self._console.ended(each)
            else:
                each = by_number[fault.number] = Happened(fault, self.watch.now)
                self._console.began(each)
                self.watch.happened.append(each)
                _try(each, lambda fault=fault: strikes.begin(fault))  # type: ignore[misc]

    def _wait(self, is_done: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not is_done() and time.monotonic() < end:
            time.sleep(0.5)

    def _stop_all(self) -> None:
        plant = self.plant
        asked: dict[str, subprocess.Popen[Any]] = {
            "the writer that was never ended": plant.other.process,
            "the other writer": plant.writer.process,
            "the door": plant.door.process,
        }
        early = [name for name, each in asked.items() if each.poll() is not None]
        for each in asked.values():
            each.terminate()
        for name, each in asked.items():
            code = _code(each, STOPPING)
            self.ended[name] = f"{code}, by itself" if name in early else str(code or "")

    def figures(self) -> Figures:
        """What the stores say now, beside what was seen. Can be asked again."""
        place = self.plant.place
        letters = oracle.all_letters(place)
        with ThreadPoolExecutor() as together:
            ledger = together.submit(oracle.ledger, place)
            asked = [
                together.submit(oracle.sent, load, place, self.codes[load.name], letters)
                for load in self.loads
            ]
        code, said, unbalanced = ledger.result()
        rows, distinct = oracle.rows_and_events(place)
        return Figures(
            seed=self.wish.seed,
            minutes=self.wish.minutes,
            sent=[each.result() for each in asked],
            planned=self.planned,
            happened=self.watch.happened,
            memory=self.watch.memory,
            rows=rows,
            distinct=distinct,
            outcomes=place.ledger(WRITER),
            ledger_code=code,
            ledger_said=said,
            unbalanced=unbalanced,
            ended=self.ended,
            broken_inserts=len(self.plant.wire.broken),
            visits=self.plant.guests.visits,
        )

    def prove(self, spoils: Sequence[Spoil]) -> Mapping[str, str]:
        """Spoil the stores, one way after the other: the reason found for each; "" if the judge was blind."""
        found: dict[str, str] = {}
        before = set[str]()
        for spoil in spoils:
            spoil.do(self.plant.place, self.loads)
            told = judge.reasons(self.figures())
            fitting = [each for each in told if spoil.found_as in each and each not in before]
            found[spoil.name] = fitting[0] if fitting else ""
            before |= set(told)
            self._console.say(f"Spoilt on purpose: {spoil.name}: {found[spoil.name] or 'NOBODY NOTICED'}")
        return found


def _try(each: Happened, act: Callable[[], object]) -> None:
    """Carry out; what goes wrong is told, and the soak goes on so that the judge sees the rest."""
    try:
        act()
    except _WRONG as error:
        each.trouble = each.trouble or " ".join(f"{type(error).__name__}: {error}".split())[:300]


def _finished(load: Load, timeout: float) -> int:
    try:
        return load.finish(timeout)
    except subprocess.TimeoutExpired:
        return NEVER


def _code(process: "subprocess.Popen[Any]", timeout: float) -> int:
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        return NEVER


def _is_through(plant: Plant) -> bool:
    try:
        return plant.place.is_through(WRITER, VIEWS)
    except KafkaException:
        return False
