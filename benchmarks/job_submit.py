"""Submits jobs through the service that the API calls: `python -m benchmarks.job_submit COUNT RATE`.

With a rate: an open loop, so a slow submission does not hold up the next; each is printed with the time at
which it was asked for. Without: one after the other, as fast as it goes; the rate is printed.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import django

django.setup()

from benchmarks.job_rows import LOG, owner  # noqa: E402
from jobs.services import JobRequest, LogDraft, job_submit  # noqa: E402

_OWNER = owner()


def submit() -> int:
    """One job with a log of its own."""
    log = LogDraft(content=LOG, service_name="orders", environment="bench")
    return job_submit(owner=_OWNER, request=JobRequest(log=log)).job.pk


def main() -> None:
    """Submit, print."""
    count, rate = int(sys.argv[1]), float(sys.argv[2])
    submit()
    begun = time.time()
    if not rate:
        for _ in range(count):
            submit()
        print(count / (time.time() - begun))
        return

    def told() -> None:
        asked = time.time()
        print(f"{submit()} {asked}\n", end="")

    with ThreadPoolExecutor(4) as pool:
        for number in range(count):
            time.sleep(max(0.0, begun + number / rate - time.time()))
            pool.submit(told)


if __name__ == "__main__":
    main()
