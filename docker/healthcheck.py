"""Health of a container: its process answers `/livez`. `HEALTH_PORT` says where; 8000 by default."""

import os
import sys
from http.client import HTTPConnection, HTTPException


def main() -> int:
    """0 if `/livez` answers 200."""
    connection = HTTPConnection("127.0.0.1", int(os.environ.get("HEALTH_PORT", "8000")), timeout=2)
    try:
        connection.request("GET", "/livez", headers={"Host": "localhost"})
        return 0 if connection.getresponse().status == 200 else 1
    except (OSError, HTTPException):
        return 1


if __name__ == "__main__":
    sys.exit(main())
