"""A file that a worker touches while its loop turns; for probes that can only look at files."""

from pathlib import Path

from django.conf import settings


def beat(worker: str) -> None:
    """Touch `HEARTBEAT_DIR/<worker>`; nothing where no directory is configured. Raises OSError."""
    if settings.HEARTBEAT_DIR:
        path = Path(settings.HEARTBEAT_DIR) / worker
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def still(worker: str) -> None:
    """Take the file away: the worker ended on purpose."""
    if settings.HEARTBEAT_DIR:
        (Path(settings.HEARTBEAT_DIR) / worker).unlink(missing_ok=True)
