"""The trace of a caller is continued; anything else begins a new one."""

import pytest

from heimdall_project.observability.tracing import continued, current, trace_id, traced

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_trace_goes_on_under_the_same_id_with_a_span_of_ours() -> None:
    ours = continued(CALLER)
    assert trace_id(ours) == trace_id(CALLER)
    assert ours != CALLER and ours.endswith("-01")


@pytest.mark.parametrize(
    "raw", [None, "", "nonsense", CALLER.upper(), CALLER + "-x", "00-" + "0" * 32 + CALLER[35:]]
)
def test_what_is_not_a_traceparent_begins_a_new_trace(raw: str | None) -> None:
    assert trace_id(continued(raw)) not in {"", trace_id(CALLER)}


def test_the_trace_is_current_inside_of_its_block_only() -> None:
    with traced(CALLER) as traceparent:
        assert current() == traceparent
    assert current() == ""
