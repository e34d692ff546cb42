"""What leaves the process is counted by class."""

from prometheus_client import REGISTRY

from analysis.masking.outgoing import mask_outgoing


def test_what_is_masked_is_counted_and_what_is_not_is_not() -> None:
    def counted(kind: str) -> float:
        return REGISTRY.get_sample_value("heimdall_masked_total", {"kind": kind}) or 0.0

    emails, cards = counted("email"), counted("card")
    assert mask_outgoing("a@x.com and b@x.com") == "<email#1> and <email#2>"
    assert (counted("email"), counted("card")) == (emails + 2, cards)
