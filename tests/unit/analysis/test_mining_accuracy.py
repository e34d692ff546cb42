"""How well unknown logs are grouped, on logs whose templates are known."""

from collections import Counter
from collections.abc import Hashable, Sequence

import pytest

from analysis.mining import mine

from .families import FAMILIES, Corpus, Family, generate

# Every family is found whole today; the floor leaves room for honest changes, not for a broken miner.
FLOOR = 0.97


def accuracy(predicted: Sequence[Hashable], truth: Sequence[Hashable]) -> float:
    """The share of lines whose group is exactly their true group."""
    sizes, true_sizes = Counter(predicted), Counter(truth)
    pairs = Counter(zip(predicted, truth, strict=True))
    exact = sum(n for (group, label), n in pairs.items() if n == sizes[group] == true_sizes[label])
    return exact / len(truth)


@pytest.fixture(scope="module", params=FAMILIES, ids=lambda family: family.name)
def corpus(request: pytest.FixtureRequest) -> Corpus:
    family: Family = request.param
    return generate(family)


def test_messages_are_grouped_as_they_were_made(corpus: Corpus) -> None:
    assert accuracy(mine(corpus.messages).assignments, corpus.truth) >= FLOOR


def test_raw_lines_are_grouped_as_well_as_their_messages(corpus: Corpus) -> None:
    assert accuracy(mine(corpus.raw).assignments, corpus.truth) >= FLOOR


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_other_values_do_not_matter(seed: int) -> None:
    scores = []
    for family in FAMILIES:
        corpus = generate(family, lines=600, seed=seed)
        scores.append(accuracy(mine(corpus.messages).assignments, corpus.truth))
    assert sum(scores) / len(scores) >= 0.95


def test_logs_of_many_systems_in_one_batch_do_not_disturb_each_other() -> None:
    corpora = [generate(family, lines=400) for family in FAMILIES]
    lines = [message for corpus in corpora for message in corpus.messages]
    truth = [(corpus.name, number) for corpus in corpora for number in corpus.truth]
    assert accuracy(mine(lines).assignments, truth) >= 0.95
