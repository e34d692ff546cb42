"""Options for tests, drawn or plain."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from ingestion.generator.options import Faults, Options, Scenario

START = 1_767_323_045_678
steadily = settings(max_examples=60, deadline=None, derandomize=True, database=None)
"""The same examples each time, however slow the machine."""
ALL_FAULTS = Faults(dup=0.1, restamp=0.1, conflict=0.1, poison=0.2, late=0.1, future=0.1, no_id=0.1)


def options(**change: Any) -> Options:
    """A thousand records with all faults, but for what a test changes."""
    given: dict[str, Any] = {"seed": 7, "count": 1000, "start_ms": START, "faults": ALL_FAULTS}
    return Options(**given | change)


_part = st.sampled_from([0.0, 0.05, 0.14])
wanted = st.builds(
    Options,
    seed=st.integers(0, 2**63 - 1),
    count=st.integers(0, 450),
    start_ms=st.just(START),
    eps=st.sampled_from([0.5, 50.0, 1000.0, 5e5]),
    scenario=st.sampled_from(Scenario),
    faults=st.builds(
        Faults,
        dup=_part,
        restamp=_part,
        conflict=_part,
        poison=_part,
        late=_part,
        future=_part,
        no_id=_part,
    ),
    contents=st.sampled_from([1, 7, 500]),
    users=st.sampled_from([10, 1000]),
    pad=st.sampled_from([0, 800]),
)
