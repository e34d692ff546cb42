"""One job through a system in containers, as its last container: exit 0 if it SUCCEEDED, else 1.

`E2E_URL` is the address of the proxy, `E2E_TIMEOUT` how many seconds the job may take.
"""

import os
import sys

from docker.local.errors import StackError
from docker.local.journey import Client, answers, drive_job
from docker.local.process import wait_for
from docker.local.up import DEMO_PASSWORD, DEMO_USER

OPEN_WITHIN = 60.0


def main() -> int:
    """Both doors must answer through the proxy, and the job must succeed."""
    url, timeout = os.environ["E2E_URL"], float(os.environ.get("E2E_TIMEOUT", "180"))
    try:
        if not wait_for(lambda: answers(f"{url}/api/v1/") and answers(f"{url}/stream/"), OPEN_WITHIN):
            raise StackError(f"nothing answers at {url} within {OPEN_WITHIN:.0f} s")
        sys.stdout.write(f"{drive_job(Client(url, DEMO_USER, DEMO_PASSWORD), timeout)}\n")
    except StackError as problem:
        sys.stderr.write(f"error: {problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
