"""Looks at a soak while it runs: memory of the writer, how far behind it is, who recovered from what."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from confluent_kafka import KafkaException

from heimdall_project.streams.ports import Clock
from heimdall_project.streams.records import Partition
from tests.faults.writers import VIEWS, WRITER

from .console import Console
from .figures import Happened
from .plant import Place

LOOK, TELL, SAMPLE = 0.5, 10.0, 1.0
"""Seconds between two looks at Kafka, two lines of progress, two samples of memory."""
_PAGES = 4096 / 2**20


def resident(pid: int) -> float | None:
    """Resident MiB of a process; None if it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGES or None  # 0: it has ended
    except (OSError, IndexError):
        return None


class Watch:
    """Two threads: a broker that does not answer must not keep memory from being looked at."""

    def __init__(self, place: Place, pid: int, clock: Clock, console: Console, seconds: float) -> None:
        self._place, self._pid, self._clock, self._console = place, pid, clock, console
        self._seconds, self._begun = seconds, clock.monotonic()
        self.memory: list[tuple[float, float]] = []
        self.happened: list[Happened] = []
        self._marks: dict[int, dict[Partition, int]] = {}
        self.stop = Event()

    def begin(self) -> None:
        """From now on the seconds are counted."""
        self._begun = self._clock.monotonic()

    @property
    def now(self) -> float:
        """Seconds since then."""
        return self._clock.monotonic() - self._begun

    @property
    def is_calm(self) -> bool:
        """Whether all faults are over, and all recovered from."""
        return all(each.recovered is not None for each in self.happened)

    def sample(self) -> None:
        """Look at memory until told to stop."""
        while not self.stop.wait(SAMPLE):
            if (size := resident(self._pid)) is not None:
                self.memory.append((self.now, size))

    def follow(self) -> None:
        """Look at the group until told to stop."""
        told = self.now
        while not self.stop.wait(LOOK):
            try:
                ends, committed = self._place.ends(VIEWS), self._place.committed(WRITER, VIEWS)
            except KafkaException:
                ends, committed = {}, {}
            if ends:
                self._note(ends, committed)
            if self.now - told >= TELL:
                told = self.now
                self._tell(ends, committed)

    def _note(self, ends: dict[Partition, int], committed: dict[Partition, int]) -> None:
        for each in self.happened:
            if each.ended is None or each.recovered is not None:
                continue
            mark = self._marks.setdefault(each.fault.number, ends)
            if all(committed.get(place, 0) >= end for place, end in mark.items()):
                each.recovered = self.now
                self._console.recovered(each)

    def _tell(self, ends: dict[Partition, int], committed: dict[Partition, int]) -> None:
        records = sum(ends.values()) if ends else None
        behind = records - sum(committed.values()) if records is not None else None
        size = self.memory[-1][1] if self.memory else 0.0
        under_way = [each.fault.kind.name for each in self.happened if each.ended is None]
        self._console.progress(self.now, self._seconds, records, behind, size, under_way)


@contextmanager
def watching(watch: Watch) -> Iterator[Watch]:
    """Both threads, for the length of a block."""
    threads = [Thread(target=watch.sample, daemon=True), Thread(target=watch.follow, daemon=True)]
    for each in threads:
        each.start()
    try:
        yield watch
    finally:
        watch.stop.set()
        for each in threads:
            each.join(60)
