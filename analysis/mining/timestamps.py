"""How logs write time: one pattern for all the forms that are in wide use."""

from __future__ import annotations

import re

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_CLOCK = r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:[.,:][0-9]{1,9})?"
_ZONE = r"(?:Z|\s?(?:UTC|GMT|[A-Z]{3}T)\b|\s?[+-][0-9]{2}:?[0-9]{2}\b)?"

_DATED = rf"""
    [0-9]{{4}}[-/.][0-9]{{1,2}}[-/.][0-9]{{1,2}}                         # 2024-03-01, then perhaps a clock
        (?:[T\ _-]{_CLOCK}|-[0-9]{{2}}\.[0-9]{{2}}\.[0-9]{{2}}\.[0-9]+)?{_ZONE}
  | [0-9]{{2}}[/.-][0-9]{{2}}[/.-][0-9]{{2,4}}[\ T]{_CLOCK}{_ZONE}         # 17/06/09 20:10:40
  | [0-9]{{2}}[-./][0-9]{{2}}\ {_CLOCK}                                  # 03-17 16:13:38.811
  | [0-9]{{1,2}}[/\ -]{_MONTH}[/\ -][0-9]{{4}}[:\ ]{_CLOCK}{_ZONE}         # 10/Oct/2000:13:55:36 -0700
  | (?:{_DAY},?\ )?{_MONTH}\ {{1,2}}[0-9]{{1,2}},?\ (?:[0-9]{{4}}\ )?{_CLOCK}{_ZONE}(?:\ [0-9]{{4}}\b)?
  | [0-9]{{8}}[-T\ ]{_CLOCK}{_ZONE}                                      # 20171223-22:15:29:606
  | [IWEFD][0-9]{{4}}\ {_CLOCK}                                          # E0301 10:11:12.000001
"""
_UNDATED = rf"""
    {_CLOCK}(?=[\s\]|,])
  | [0-9]{{6}}\ [0-9]{{6}}(?=\s)                                          # 081109 203615
  | [0-9]{{1,7}}\.[0-9]{{6}}(?=\])                                        # [12345.678901] since boot
  | 1[0-9]{{9}}(?:\.[0-9]+|[0-9]{{3}}|[0-9]{{6}})?(?=[\s\]|,])              # seconds, milliseconds since 1970
"""

DATED = re.compile(_DATED, re.VERBOSE)
TIMESTAMP = re.compile(rf"{_DATED}|{_UNDATED}", re.VERBOSE)
EPOCH = re.compile(r"1[0-9]{9}(?:\.[0-9]+|[0-9]{3}|[0-9]{6})?")
