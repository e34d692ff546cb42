"""Jobs and logs for people. Everything is read-only: what changes a job is an act of its own."""

from . import jobs, logs, trails

__all__ = ["jobs", "logs", "trails"]
