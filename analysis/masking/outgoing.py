"""Masking of what is about to leave the process, counted by class."""

from heimdall_project.observability import metrics

from . import mask


def mask_outgoing(text: str) -> str:
    """The masked text; what was masked is counted."""
    masked = mask(text)
    for kind, count in masked.counts.items():
        metrics.MASKED.labels(kind).inc(count)
    return masked.text
