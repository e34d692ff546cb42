"""Log template mining: pure functions, no settings per log."""

from .headers import split_header
from .logline import LogLine
from .miner import mine
from .templates import Mined, Template

__all__ = ["LogLine", "Mined", "Template", "mine", "split_header"]
