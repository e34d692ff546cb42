"""PromQL that panels have in common."""

from . import Query

RATE = "[$__rate_interval]"
LOOP = '{worker=~"$worker"}'


def rate(series: str, by: str = "", where: str = "") -> str:
    """Events a second, summed over processes."""
    grouped = f"sum by ({by})" if by else "sum"
    return f"{grouped} (rate({series}{where}{RATE}))"


def quantiles(histogram: str, where: str = "") -> tuple[Query, ...]:
    """The middle, and what one in twenty and one in a hundred exceeds."""
    buckets = f"sum by (le) (rate({histogram}_bucket{where}{RATE}))"
    return tuple(
        Query(f"histogram_quantile({share}, {buckets})", f"p{share * 100:.0f}") for share in (0.5, 0.95, 0.99)
    )
