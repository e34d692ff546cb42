"""Which cache the settings put before the engine."""

import pytest
from pytest_django import Settings

from analysis.cache import CachedAnalyzer
from analysis.providers import opened
from analysis.providers.rule_based import RuleBasedAnalyzer

from .engine import given


def test_without_a_word_there_is_no_cache() -> None:
    with opened() as analyzer:
        assert isinstance(analyzer, RuleBasedAnalyzer)


@pytest.mark.parametrize("store", ["memory", "redis"])
def test_the_cache_goes_by_the_name_of_the_engine_inside(settings: Settings, store: str) -> None:
    settings.ANALYSIS_CACHE = store
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with opened() as analyzer:
        assert isinstance(analyzer, CachedAnalyzer)
        assert analyzer.engine == "rule-based"
        assert analyzer.analyze(given()).engine == "rule-based"  # even where no server listens


@pytest.mark.parametrize(("scope", "served"), [("owner", False), ("everyone", True)])
def test_another_owner_is_served_only_where_the_settings_say_so(
    settings: Settings, scope: str, served: bool
) -> None:
    settings.ANALYSIS_CACHE, settings.ANALYSIS_CACHE_SCOPE = "memory", scope
    with opened() as analyzer:
        analyzer.analyze(given(client="user:1"))
        assert analyzer.analyze(given(client="user:2")).from_cache is served
