"""What a soak says on the terminal while it runs."""

from collections.abc import Callable, Sequence

from .figures import Happened
from .schedule import clock


class Console:
    """One line a thing that happens."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def say(self, text: str) -> None:
        """A line."""
        self._write(text)

    def began(self, each: Happened) -> None:
        """A fault begins."""
        self._write(
            f"{clock(each.began)}  #{each.fault.number} {each.fault.kind.name}: {each.fault.kind.meaning}"
        )

    def ended(self, each: Happened) -> None:
        """It is over."""
        trouble = f" TROUBLE: {each.trouble}" if each.trouble else ""
        self._write(f"{clock(each.ended or 0)}  #{each.fault.number} {each.fault.kind.name} is over{trouble}")

    def recovered(self, each: Happened) -> None:
        """All that was in Kafka then is committed."""
        seconds = (each.recovered or 0) - (each.ended or 0)
        self._write(
            f"{clock(each.recovered or 0)}  #{each.fault.number} {each.fault.kind.name}: "
            f"recovered, {seconds:.1f} s after its end"
        )

    def progress(
        self,
        now: float,
        seconds: float,
        records: int | None,
        behind: int | None,
        size: float,
        under_way: Sequence[str],
    ) -> None:
        """How it goes."""
        told = (
            "Kafka does not answer" if records is None else f"{records:,} records in Kafka, {behind:,} behind"
        )
        now_on = f", now: {', '.join(under_way)}" if under_way else ""
        self._write(f"{clock(now)} of {clock(seconds)}  {told}, writer {size:.0f} MiB{now_on}")
