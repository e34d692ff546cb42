"""When invalid records are an outage."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heimdall_project.streams.flood import Decision, FloodMeter, FloodRules, Window

RULES = FloodRules(first=20, ratio=0.5, window=60.0, least=100, patience=2.0)


def meter(*, good=0, bad=0):
    return FloodMeter(RULES, Window(started_at=0.0, good=good, bad=bad))


def judged(meter, now=0.0, *, overridden=False):
    return meter.judge(now, overridden=overridden)


def test_the_first_records_all_invalid_are_a_flood():
    one = meter()
    one.observe(good=0, bad=19, now=0.0)
    assert judged(one) is Decision.HOLD
    one.observe(good=0, bad=1, now=0.0)
    assert judged(one) is Decision.FLOOD
    assert "first 20 records" in one.describe()


def test_a_few_invalid_first_records_are_held_until_some_quiet_and_then_let_go():
    one = meter()
    one.observe(good=0, bad=3, now=0.0)
    assert judged(one, 1.9) is Decision.HOLD
    assert judged(one, 2.0) is Decision.ADMIT


def test_one_good_record_ends_the_waiting():
    one = meter()
    one.observe(good=0, bad=3, now=0.0)
    one.observe(good=1, bad=0, now=0.1)
    assert judged(one, 0.1) is Decision.ADMIT


def test_too_large_a_share_of_a_window_is_a_flood_even_after_good_ones():
    one = meter()
    one.observe(good=50, bad=0, now=0.0)
    one.observe(good=0, bad=49, now=1.0)
    assert judged(one, 1.0) is Decision.ADMIT
    one.observe(good=0, bad=1, now=1.0)
    assert judged(one, 1.0) is Decision.FLOOD
    assert "50 of 100 records within 60 s" in one.describe()


def test_invalid_first_records_are_held_while_others_wait_for_a_dependency():
    one = meter()
    one.observe(good=0, bad=29, now=0.0)
    assert one.judge(5.0, overridden=False, waiting=1) is Decision.HOLD
    assert one.judge(5.0, overridden=False, waiting=0) is Decision.FLOOD


def test_what_waits_for_a_dependency_is_no_part_of_the_share_that_is_invalid():
    one = meter()
    one.observe(good=1, bad=120, now=0.0)
    assert one.judge(0.0, overridden=False, waiting=150) is Decision.ADMIT
    assert one.judge(0.0, overridden=False, waiting=100) is Decision.FLOOD


def test_few_records_have_no_share():
    one = meter()
    one.observe(good=1, bad=0, now=0.0)
    one.observe(good=0, bad=90, now=0.0)
    assert judged(one) is Decision.ADMIT


def test_what_an_earlier_process_counted_counts_on():
    one = meter(good=40, bad=59)
    one.observe(good=0, bad=1, now=1.0)
    assert judged(one, 1.0) is Decision.FLOOD


def test_an_old_window_is_forgotten():
    one = meter(good=0, bad=99)
    one.observe(good=1, bad=1, now=60.1)
    assert judged(one, 60.1) is Decision.ADMIT
    assert one.window == Window(started_at=60.1, good=1, bad=1)


def test_new_partitions_decide_anew():
    one = meter()
    one.observe(good=5, bad=0, now=0.0)
    one.assigned()
    one.observe(good=0, bad=20, now=0.0)
    assert judged(one) is Decision.FLOOD


@pytest.mark.parametrize("bad", [1, 20, 500])
def test_an_override_lets_everything_through(bad):
    one = meter()
    one.observe(good=0, bad=bad, now=0.0)
    assert judged(one, overridden=True) is Decision.ADMIT


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.floats(0, 5)), max_size=40))
@settings(deadline=None, derandomize=True, database=None)
def test_without_override_nothing_passes_in_a_flood_and_mostly_good_records_always_pass(steps):
    one, now, seen_good = meter(), 0.0, False
    for good, bad, pause in steps:
        now += pause
        one.observe(good=good, bad=bad, now=now)
        seen_good = seen_good or good > 0
        total = one.window.good + one.window.bad
        share = total >= RULES.least and one.window.bad * 2 >= total
        decision = judged(one, now)
        assert (decision is Decision.FLOOD) == (share or (not seen_good and one.window.bad >= 20))
        assert decision is not Decision.HOLD or not seen_good
        if decision is Decision.FLOOD:
            return
