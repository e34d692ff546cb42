"""Settings of the model that do not fit are found before anything runs."""

from typing import Any

import pytest
from django.core.checks import CheckMessage
from pytest_django import Settings

from analysis.checks import model, production

FITTING = {
    "ANALYSIS_PROVIDER": "openai",
    "MODEL_URL": "https://models.example/v1",
    "MODEL_NAME": "m",
    "MODEL_API_KEY": "sk-1",
    "ANALYSIS_FALLBACK": False,
}


def found(settings: Settings, deploy: bool = False, **changes: Any) -> list[CheckMessage]:
    for name, value in (FITTING | changes).items():
        setattr(settings, name, value)
    return production(None) if deploy else model(None)


def test_what_fits_is_not_complained_about(settings: Settings) -> None:
    assert not found(settings) and not found(settings, deploy=True)


def test_the_rules_need_no_model(settings: Settings) -> None:
    assert not found(settings, ANALYSIS_PROVIDER="rule-based", MODEL_URL="", MODEL_NAME="")


@pytest.mark.parametrize(
    ("changes", "id_"),
    [
        ({"MODEL_URL": ""}, "analysis.E002"),
        ({"MODEL_URL": "https://me:secret@models.example/v1"}, "analysis.E002"),
        ({"MODEL_API_KEY": "sk 1"}, "analysis.E003"),
        ({"MODEL_NAME": ""}, "analysis.E004"),
        ({"MODEL_TIMEOUT": 45.0}, "analysis.E005"),
        ({"MODEL_DEADLINE": 10.0}, "analysis.E006"),
        ({"MODEL_TOKENS_PER_JOB": 2048}, "analysis.E007"),
        ({"MODEL_TOKENS_PER_CLIENT_PER_DAY": 100}, "analysis.E007"),
        ({"MODEL_TOKENS_PER_JOB": 3000}, "analysis.W002"),
    ],
)
def test_each_misfit_has_an_id_and_a_hint_and_tells_no_secret(
    settings: Settings, changes: dict[str, Any], id_: str
) -> None:
    [message] = found(settings, **changes)
    assert message.id == id_ and message.hint
    assert "secret" not in str(message) and "sk 1" not in str(message)


def test_the_fallback_is_refused_in_production(settings: Settings) -> None:
    [message] = found(settings, deploy=True, ANALYSIS_FALLBACK=True)
    assert (message.id, message.is_serious()) == ("analysis.E001", True)
    assert not found(settings, ANALYSIS_FALLBACK=True)


def test_a_key_in_clear_text_is_warned_about(settings: Settings) -> None:
    [message] = found(settings, deploy=True, MODEL_URL="http://models.example/v1")
    assert message.id == "analysis.W001"
    assert not found(settings, deploy=True, MODEL_URL="http://127.0.0.1:11434/v1")
