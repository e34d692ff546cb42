"""The judge of a soak: figures that hold, and each figure doctored so that it must not."""

from dataclasses import replace
from typing import Any

import pytest

from ingestion.generator.poison import CLASSES
from tests.soak import judge
from tests.soak.figures import Figures, Happened, Sent
from tests.soak.report import markdown
from tests.soak.schedule import schedule

PLANNED = schedule(1, 2)
POISON = dict.fromkeys(CLASSES, 3)


def sent(**doctored: Any) -> Sent:
    """A run of 1,000 records of which all is there."""
    good = Sent(
        name="Kafka",
        records=1000,
        events=950,
        rate=300.0,
        not_acknowledged=0,
        extra_copies=0,
        rows=950,
        missing=[],
        unexpected=0,
        truth_code=0,
        truth_said="",
        poison=POISON,
        letters=POISON,
        altered=0,
        refused=2,
        poison_made=3 * len(CLASSES) + 2,
    )
    return replace(good, **doctored)


def happened(**doctored: Any) -> list[Happened]:
    """All that was planned, over and recovered from; the last one doctored."""
    faults = [Happened(fault, fault.at, fault.until, fault.until + 2) for fault in PLANNED]
    faults[-1] = replace(faults[-1], **doctored)
    return faults


def figures(run: Sent | None = None, **doctored: Any) -> Figures:
    """A soak that holds, but for what is doctored."""
    good = Figures(
        seed=1,
        minutes=2,
        sent=[run or sent()],
        planned=PLANNED,
        happened=happened(),
        memory=[(float(second), 120.0 + second % 3) for second in range(120)],
        rows=950,
        distinct=950,
        outcomes={"stored": 1000, "dead_lettered": 3 * len(CLASSES)},
        ledger_code=0,
        ledger_said="",
        unbalanced="",
        ended={"a writer": "", "the door": ""},
        broken_inserts=2,
        visits=3,
    )
    return replace(good, **doctored)


def test_figures_in_which_nothing_is_wrong_give_no_reason() -> None:
    assert judge.reasons(figures()) == []


DOCTORED_RUNS: dict[str, dict[str, Any]] = {
    "acknowledged events are missing, among them e7": {"missing": ["e7"], "rows": 949},
    "events are stored that nobody sent": {"unexpected": 1, "rows": 951},
    "readers see 951 rows of 950 events": {"rows": 951},
    "never acknowledged, or wrongly refused": {"not_acknowledged": 1},
    "nothing was acknowledged": {"events": 0, "rows": 0},
    "check_truth ended with 1: minute 7": {"truth_code": 1, "truth_said": "minute 7"},
    "2 dead letters of nul, 3 were sent": {"letters": POISON | {"nul": 2}},
    "4 dead letters of nul, 3 were sent": {"letters": POISON | {"nul": 4}},
    "1 dead letters of late, 0 were sent": {"letters": POISON | {"late": 1}},
    "dead letters have other bytes": {"altered": 1},
    "50 records of poison were made, 49 sent or refused": {"refused": 1},
    "no poison of these classes was sent: huge": {
        "poison": {name: 3 for name in CLASSES if name != "huge"},
        "letters": {name: 3 for name in CLASSES if name != "huge"},
    },
    "999 were acknowledged, 0 maybe twice": {"records": 999},
}


@pytest.mark.parametrize("reason", DOCTORED_RUNS)
def test_a_run_of_which_something_is_wrong_is_named(reason: str) -> None:
    told = judge.reasons(figures(sent(**DOCTORED_RUNS[reason])))
    assert any(reason in each for each in told), told


DOCTORED: dict[str, dict[str, Any]] = {
    "readers see 951 rows, and 950 distinct events": {"rows": 951},
    "check_ledger ended with 1: partition 2": {"ledger_code": 1, "ledger_said": "partition 2"},
    "check_ledger ended with 2": {"ledger_code": 2},
    "the ledger does not balance: cursor": {"unbalanced": "cursor"},
    "the ledger counts 999 as stored": {"outcomes": {"stored": 999, "dead_lettered": 48}},
    "the ledger counts 47 dead letters of 48": {"outcomes": {"stored": 1000, "dead_lettered": 47}},
    "the ledger knows of other outcomes": {"outcomes": {"stored": 1000, "dead_lettered": 48, "dropped": 1}},
    "a writer ended with 0, by itself": {"ended": {"a writer": "0, by itself"}},
    "nobody looked how the processes ended": {"ended": {}},
    "1 faults were not carried out": {"happened": happened()[:-1]},
    "nobody recovered from it": {"happened": happened(recovered=None)},
    "it never ended": {"happened": happened(ended=None)},
    "91 s until recovered": {"happened": happened(recovered=PLANNED[-1].until + 91)},
    "it ended with 4": {"happened": happened(trouble="it ended with 4")},
    "memory was looked at 8 times only": {"memory": [(float(second), 120.0) for second in range(8)]},
    "memory grew from 110 to 180 MiB": {
        "memory": [(float(n), 100.0 + n) for n in (*range(21), *range(70, 91))]
    },
}


@pytest.mark.parametrize("reason", DOCTORED)
def test_stores_processes_and_faults_of_which_something_is_wrong_are_named(reason: str) -> None:
    told = judge.reasons(figures(**DOCTORED[reason]))
    assert any(reason in each for each in told), told


def test_records_sent_again_without_an_answer_may_be_stored_twice_and_no_more() -> None:
    run = sent(extra_copies=5)
    assert judge.reasons(figures(run, outcomes={"stored": 1005, "dead_lettered": 48})) == []
    assert judge.reasons(figures(run, outcomes={"stored": 1006, "dead_lettered": 48}))


def test_the_report_says_in_its_first_lines_what_is_wrong() -> None:
    told = figures(sent(missing=["e7"], rows=949))
    page = markdown(told, judge.reasons(told), {}, "a machine")
    assert "**It does not hold**" in page[:200] and "among them e7" in page[:400]


def test_the_report_has_a_row_for_every_fault() -> None:
    page = markdown(figures(), [], {"a row is deleted": "it is missing"}, "a machine")
    assert all(f"| {fault.number} | " in page for fault in PLANNED)
    assert "**It holds**" in page and "| a row is deleted | it is missing |" in page
