"""When two questions are the same question."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from ..analyzer import AnalysisInput, Analyzer
from .entries import FORM


def normalised(log_content: str) -> str:
    """The log without what changes neither the numbers nor the meaning of its lines.

    Carriage returns, blanks at the ends of lines, and the last line feed. Times, process ids and addresses
    stay: an answer may name them.
    """
    return "\n".join(line.rstrip() for line in log_content.removesuffix("\n").split("\n"))


def key_of(given: AnalysisInput, analyzer: Analyzer, *, scope: str, mask: Callable[[str], str]) -> str:
    """The exact key: a hash of all that decides the answer, after masking.

    `scope` tells apart those who may not see each other's answers.
    """
    parts = (
        FORM,
        scope,
        analyzer.engine,
        analyzer.engine_version,
        given.language.value,
        given.analysis_type,
        mask(given.service_name),
        mask(given.environment),
        mask(normalised(given.log_content)),
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
