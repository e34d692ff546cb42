"""Answers that were given before: one port, in memory or in Redis, around any analyzer."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from django.conf import settings

from heimdall_project.clients.redis import QuickClient

from ..analyzer import Analyzer
from ..masking import mask
from .cached import CachedAnalyzer
from .remote import RedisCache
from .stores import AnalysisCache, MemoryCache

__all__ = ["AnalysisCache", "CachedAnalyzer", "MemoryCache", "RedisCache", "cached"]


@contextmanager
def cached(analyzer: Analyzer) -> Iterator[Analyzer]:
    """The analyzer behind the cache that ANALYSIS_CACHE names; itself where it is off."""
    lifetime = settings.ANALYSIS_CACHE_LIFETIME
    if settings.ANALYSIS_CACHE == "memory":
        yield _behind(MemoryCache(most=settings.ANALYSIS_CACHE_ENTRIES, lifetime=lifetime), analyzer)
    elif settings.ANALYSIS_CACHE == "redis":
        with closing(QuickClient(settings.REDIS_URL)) as client:
            yield _behind(RedisCache(client, lifetime=lifetime), analyzer)
    else:
        yield analyzer


def _behind(cache: AnalysisCache, analyzer: Analyzer) -> CachedAnalyzer:
    return CachedAnalyzer(
        analyzer,
        cache,
        lifetime=settings.ANALYSIS_CACHE_LIFETIME,
        mask=lambda text: mask(text).text,
        shared=settings.ANALYSIS_CACHE_SCOPE == "everyone",
    )
