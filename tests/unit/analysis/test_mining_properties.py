"""What holds for the miner on any input."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.mining import mine

WORDS = (
    "user session opened closed for from port error == ---- [ ] ( ) , : = root ann 10.0.0.1 0xff 17 -3 5 ms"
    " /var/log eth0 eth1 blk_12 node-7 GET RUNNING <*> <ok> true \"x1\" 'y' Jan Mon ** ... \\042a1\\042"
)
words = st.sampled_from(WORDS.split())
logs = st.lists(st.lists(words, max_size=12).map(" ".join), max_size=40)
wild_logs = st.lists(st.text(max_size=60), max_size=30)


def groups(lines: list[str]) -> Counter[tuple[str, ...]]:
    """The groups as sets of texts, without their order."""
    found: dict[int, list[str]] = {}
    for line, index in zip(lines, mine(lines).assignments, strict=True):
        found.setdefault(index, []).append(line)
    return Counter(tuple(sorted(members)) for members in found.values())


@settings(deadline=None)
@given(wild_logs | logs)
def test_every_line_has_exactly_one_template(lines: list[str]) -> None:
    mined = mine(lines)
    assert len(mined.assignments) == len(lines)
    numbers = sorted(number for template in mined.templates for number in template.lines)
    assert numbers == list(range(1, len(lines) + 1))


@settings(deadline=None)
@given(wild_logs | logs)
def test_assignments_and_templates_agree(lines: list[str]) -> None:
    mined = mine(lines)
    for index, template in enumerate(mined.templates):
        assert all(mined.assignments[number - 1] == index for number in template.lines)


@settings(deadline=None)
@given(wild_logs | logs)
def test_the_same_lines_give_the_same_templates(lines: list[str]) -> None:
    assert mine(lines) == mine(list(lines))


@settings(deadline=None)
@given(logs)
def test_a_template_matches_all_of_its_lines(lines: list[str]) -> None:
    for template in (mined := mine(lines)).templates:
        assert all(template.matches(lines[number - 1]) for number in template.lines), mined


@settings(deadline=None)
@given(logs, st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_change_the_groups(lines: list[str], random: object) -> None:
    shuffled = list(lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert groups(lines) == groups(shuffled)


@settings(deadline=None)
@given(wild_logs)
def test_template_ids_are_unique(lines: list[str]) -> None:
    ids = [template.id for template in mine(lines).templates]
    assert len(ids) == len(set(ids))
