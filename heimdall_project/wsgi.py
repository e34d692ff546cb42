"""The web door: API, admin and intake, by threads. Event streams have their own door, `asgi.py`.

One process with N threads is the intended form (`granian --interface wsgi --http 1 --workers 1
--blocking-threads N`): its metrics are then whole. Most threads only wait for bodies, see `api/reception.py`.
With several worker processes set `PROMETHEUS_MULTIPROC_DIR`.
"""

import os

from django.core.wsgi import get_wsgi_application

from heimdall_project.observability import tracing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heimdall_project.settings")
tracing.serve_as("web")
application = get_wsgi_application()

from heimdall_project.streams import intake  # noqa: E402 - needs the apps
from heimdall_project.streams.signals import tell_of_stop  # noqa: E402

tell_of_stop(intake.stop)  # before the server closes its connections: what is under way gets its answers
