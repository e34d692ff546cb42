"""`python -m tests.model_endpoint --port 43210 [--otherwise well]`: to try `make smoke MODEL=…` by hand."""

import argparse
import sys
from threading import Event

from .server import ModelEndpoint

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--otherwise", default="well")
given = parser.parse_args()
with ModelEndpoint(port=given.port, otherwise=given.otherwise) as endpoint:
    sys.stdout.write(f"{endpoint.url}\n")
    sys.stdout.flush()
    Event().wait()
