"""The stream door: event streams below `/stream/`, and nothing else. The web door is `wsgi.py`.

Django's handler is not in it: its asynchronous path costs three to four times as much for the same work,
and no middleware of the web door could run here without a thread for each open stream.
"""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heimdall_project.settings")
django.setup(set_prefix=False)

from .api.stream.door import StreamDoor  # noqa: E402 - needs the apps
from .observability import tracing  # noqa: E402

tracing.serve_as("stream")
application = StreamDoor()
