"""`make smoke MODEL=http://host/v1`: the smoke job answered by a model that really runs."""

import os

from .errors import StackError

PATIENCE = 420.0
"""Seconds for the job: a model on a small machine is slow, and may be loaded first."""


def model_asked_for() -> str:
    """The endpoint in MODEL; "" if the rules shall answer."""
    return os.environ.get("MODEL", "").strip()


def settings_of(url: str) -> dict[str, str]:
    """Settings of the analysis for this endpoint, where the environment says nothing else."""
    if not os.environ.get("MODEL_NAME"):
        raise StackError(
            f"say which model: make smoke MODEL={url} MODEL_NAME=…  (GET {url}/models lists them)"
        )
    timeout = float(os.environ.get("MODEL_TIMEOUT") or 30)
    given = {"ANALYSIS_PROVIDER": "openai", "MODEL_URL": url, "ANALYSIS_CACHE": "off"}
    return given | {"MODEL_DEADLINE": os.environ.get("MODEL_DEADLINE") or f"{max(60.0, 2 * timeout):g}"}
