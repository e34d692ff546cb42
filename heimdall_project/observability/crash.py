"""Named points at which a fault test may end the process, as SIGKILL would: nothing is flushed.

`HEIMDALL_CRASH_AT=worker.after_handle` ends it the first time the point is passed,
`worker.after_handle:3` the third time. `worker.after_handle:3:freeze` stops it there as SIGSTOP would, until
somebody wakes it (SIGCONT): a zombie that believes in what it held.
"""

import os
import signal
from collections import Counter

from django.conf import settings

EXIT_CODE = 137
"""What a shell reports for a process killed by SIGKILL."""

_passed: Counter[str] = Counter()


def crash_point(name: str) -> None:
    """End the process here if the settings ask for it. Costs a comparison otherwise."""
    wanted: str = settings.CRASH_AT
    if not wanted:
        return
    point, _, how = wanted.partition(":")
    if point != name:
        return
    _passed[name] += 1
    nth, _, what = how.partition(":")
    if _passed[name] == int(nth or 1):
        if what != "freeze":
            os._exit(EXIT_CODE)
        os.kill(os.getpid(), signal.SIGSTOP)
