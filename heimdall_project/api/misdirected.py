"""What the web door says to those who ask it for event streams."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from .problems import problem_for_status, response_for


def stream_is_elsewhere(request: HttpRequest) -> HttpResponse:
    """421: this process serves no streams; says which origin does."""
    where = settings.STREAM_URL or "the stream door (heimdall_project.asgi) behind this origin"
    return response_for(problem_for_status(421, f"Event streams are served by {where}."), request)
