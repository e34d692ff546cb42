"""How much a process takes on, and what it says while the broker is away."""

import pytest

from heimdall_project.errors import Busy, Unavailable
from heimdall_project.streams.admission import Admission


def refusal(admission: Admission, events: int = 1, now: float = 0.0) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        admission.take(events, now=now)
    return caught.value


def away_since(start: float) -> Admission:
    """One whose broker let a request of one event wait in vain."""
    admission = Admission(requests=10, events=10)
    admission.take(1, now=start)
    admission.waited_in_vain(since=start)
    return admission


def test_one_request_beyond_the_bound_is_busy_until_another_ends() -> None:
    admission = Admission(requests=2, events=10)
    admission.enter()
    admission.enter()
    with pytest.raises(Busy) as caught:
        admission.enter()
    assert (caught.value.status, caught.value.retry_after) == (429, 1)
    admission.leave()
    admission.enter()


def test_events_are_taken_up_to_the_bound_and_not_beyond() -> None:
    admission = Admission(requests=10, events=10)
    admission.take(10, now=0)
    assert isinstance(refusal(admission), Busy)
    admission.give_back(1, acknowledged=True)
    admission.take(1, now=0)


def test_a_batch_beyond_the_bound_takes_nothing() -> None:
    admission = Admission(requests=10, events=10)
    assert isinstance(refusal(admission, 11), Busy)
    assert admission.events == 0


def test_what_waited_in_vain_still_takes_room() -> None:
    admission = away_since(0.0)
    assert admission.events == 1


def test_while_the_broker_is_away_one_request_finds_out_and_the_others_are_told_for_how_long() -> None:
    admission = away_since(5.0)
    assert admission.take(1, now=15.0) is True
    refused = refusal(admission, now=17.0)
    assert (refused.status, refused.retry_after) == (503, 5)
    assert (
        "not answered for 12 s" in refused.detail and "nothing of this request was stored" in refused.detail
    )


def test_the_next_request_may_find_out_when_the_one_before_has_ended() -> None:
    admission = away_since(0.0)
    assert admission.take(1, now=1.0)
    admission.probed()
    assert admission.take(1, now=2.0)


def test_an_acknowledgement_ends_the_outage_for_all() -> None:
    admission = away_since(0.0)
    admission.give_back(1, acknowledged=True)
    assert [admission.take(1, now=1.0) for _ in range(3)] == [False, False, False]


def test_a_failure_does_not_end_it() -> None:
    admission = away_since(0.0)
    admission.give_back(1, acknowledged=False)
    assert admission.take(1, now=1.0) is True
    refusal(admission, now=1.0)


def test_a_stopping_process_takes_no_request_and_says_that_it_stops() -> None:
    admission = Admission(requests=2, events=10)
    admission.enter()
    admission.stop()
    with pytest.raises(Unavailable, match="about to stop") as caught:
        admission.enter()
    assert caught.value.status == 503
    assert not isinstance(caught.value, Busy)
    admission.leave()
