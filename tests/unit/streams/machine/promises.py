"""The promises, as checks of a `World`."""

from collections import Counter
from collections.abc import Collection

from heimdall_project.streams.dead_letters import as_dict
from heimdall_project.streams.outcomes import Outcome, Rule
from heimdall_project.streams.records import Partition, Record

from .world import DEAD, GROUP, HOPELESS, PLACES, At, World


class Promises:
    """Looks at a world from outside, as an auditor would: topics, offsets, ledger, effects."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.buried: dict[At, list[Record]] = {}
        """Dead letters by the place of their records."""
        self.redrives_stay_together = True
        """Whether copies of a redrive are never handled in two processes at the same moment."""
        self._letters_seen = 0
        self._verified: Counter[Partition] = Counter()

    def check(self) -> None:
        """What must hold at every moment."""
        self._read_dead_letters()
        committed = self.world.broker.committed(GROUP)
        for place in PLACES:
            until = committed.get(place, 0)
            for offset in range(self._verified[place], until):
                assert self.has_end(At(place, offset)), f"{place}@{offset} is committed and has no end"
            self._verified[place] = max(self._verified[place], until)
            self._check_ledger(place, until)
        self._check_redrives()
        for process in self.world.processes:
            shape, progress = process.member._shape, process.member._progress
            assert 0 <= progress.unfinished <= shape.capacity + shape.gulp

    def has_end(self, at: At) -> bool:
        """Whether a durable outcome of this record exists."""
        if at in self.world.handled or at in self.buried:
            return True
        redrive_id, group = self.world.addressed.get(at, ("", GROUP))
        return group != GROUP or self.world.books.redrives.get(redrive_id) == "ok"

    def _check_redrives(self) -> None:
        for redrive_id, times in self.world.redriven.items() if self.redrives_stay_together else ():
            assert times <= 1 + self.world.excused[redrive_id], f"{redrive_id} was handled {times} times"
        for at, (redrive_id, group) in self.world.addressed.items():
            assert group == GROUP or at not in self.world.handled, f"{redrive_id} was for {group}"

    def _check_ledger(self, place: Partition, committed: int) -> None:
        cursor = self.world.books.cursor.get((GROUP, place), 0)
        counted: Counter[str] = Counter()
        for (_, where, tally), number in self.world.books.ledger.items():
            if where == place:
                counted[tally.rule or tally.outcome] += number
        foreign = [at for at, (_, group) in self.world.addressed.items() if group != GROUP]
        assert committed <= cursor, f"{place}: committed {committed} before it was counted ({cursor})"
        assert counted.total() == cursor, f"{place}: {counted} do not add up to {cursor}"
        assert counted[Rule.ABSENT] == 0
        ends: dict[str, Collection[At]] = {
            Outcome.DEAD_LETTERED: self.buried,
            Rule.OTHER_GROUP: foreign,
            Outcome.STORED: [at for at, said in self.world.verdicts.items() if Outcome.STORED in said],
            Outcome.DUPLICATE: {
                *(at for at, said in self.world.verdicts.items() if Outcome.DUPLICATE in said),
                *self.world.addressed,
            },
        }
        for kind, places in ends.items():
            assert counted[kind] <= sum(at.place == place and at.offset < cursor for at in places), kind

    def _read_dead_letters(self) -> None:
        letters = self.world.broker.records(DEAD)
        for letter in letters[self._letters_seen :]:
            said = as_dict(letter.headers)
            place = Partition(said["original_topic"], int(said["original_partition"]))
            at = At(place, int(said["original_offset"]))
            self._check_letter(letter, said, at)
            self.buried.setdefault(at, []).append(letter)
        self._letters_seen = len(letters)

    def _check_letter(self, letter: Record, said: dict[str, str], at: At) -> None:
        record = self.world.sent[at]
        assert (letter.key, letter.value) == (record.key, record.value)
        assert len({name for name, _ in letter.headers or ()}) == len(letter.headers or ())
        assert said["original_group"] == GROUP
        assert said["error_class"] != "TransientError"
        expected = self.world.kinds[at] in HOPELESS or at in self.world.skipped
        assert expected, f"{at} is {self.world.kinds[at]} and was dead-lettered: {said['error_message']}"

    def calm(self) -> None:
        """Everything works again, and the worker runs until nothing is left to do."""
        world = self.world
        world.clear_up()
        world.thaw()
        world.set_trap("")
        world.order(flood_override_until=1e12)
        for _ in range(300):
            if not world.processes:
                world.join()
            for process in list(world.processes):
                process.let_run()
                world.turn(process, 0.5)
            world.broker.clock.advance(0.5)
            self.check()
            if world.is_idle():
                return
        raise AssertionError("not idle after 300 turns in calm weather")

    def check_end(self) -> None:
        """What must hold when everything is over."""
        for at, kind in self.world.kinds.items():
            assert self.has_end(at), f"{at} got lost"
            if kind not in HOPELESS and at not in self.world.skipped:
                assert at not in self.buried, f"{at} was dead-lettered though nothing was wrong with it"
        for place in PLACES:
            assert self.world.books.cursor.get((GROUP, place), 0) == self.world.broker.end(place)
