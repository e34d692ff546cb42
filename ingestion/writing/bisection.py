"""Finding the rows that a server refuses: which range to insert next. Pure."""


class Bisection:
    """Ranges of `total` rows, in their order; one that is refused is halved until its row stands alone.

    Gives up looking after `most_refused` rows: what remains then is `left`, for another time. Who asks in
    between (`next`, then `stored` or `refused`) decides about time.
    """

    def __init__(self, total: int, *, most_refused: int) -> None:
        self._ranges = [range(total)] if total else []
        self._most = most_refused
        self.refused_rows: list[int] = []
        self.is_searching = False
        """Whether any range was refused."""

    def next(self) -> range | None:
        """The range to insert next; None if there is nothing more to do."""
        return self._ranges[-1] if self._ranges and len(self.refused_rows) < self._most else None

    def stored(self) -> None:
        """The range asked for last was stored."""
        self._ranges.pop()

    def refused(self) -> bool:
        """The range asked for last holds a row that is refused. Answers whether it is that row."""
        self.is_searching = True
        last = self._ranges.pop()
        if len(last) == 1:
            self.refused_rows.append(last.start)
            return True
        middle = last.start + len(last) // 2
        self._ranges += [range(middle, last.stop), range(last.start, middle)]
        return False

    @property
    def left(self) -> int:
        """The first row without an end: it and all after it are left; -1 if there is none."""
        return min((each.start for each in self._ranges), default=-1)
