"""Words for the person at the terminal, who may have closed it."""

import sys
from contextlib import suppress

_COLOURS = {"web": "36", "stream": "35", "workers": "33"}
_WIDTH = max(map(len, _COLOURS))


def say(text: str) -> None:
    """Print a line. A terminal or pipe that is gone must not keep us from stopping what we started."""
    with suppress(OSError, ValueError):
        sys.stdout.write(text + "\n")  # one write, so that lines of several threads do not mix
        sys.stdout.flush()


def prefix(name: str) -> str:
    """What stands before each line of a child, in its colour if a person looks."""
    mark = f"{name:{_WIDTH}} │ "
    return f"\x1b[{_COLOURS.get(name, '0')}m{mark}\x1b[0m" if sys.stdout.isatty() else mark


def confirmed(question: str) -> bool:
    """Ask; only the word yes is a yes, and nobody there is a no."""
    try:
        return input(f"{question} [yes/N] ").strip().lower() == "yes"
    except EOFError:
        return False
