"""Which colour means what."""

STATUS_COLOURS = {
    "PENDING": "warning",
    "QUEUED": "info",
    "RUNNING": "primary",
    "SUCCEEDED": "success",
    "FAILED": "danger",
    "CANCELLED": "default",
}
PRIORITY_COLOURS = {"LOW": "default", "NORMAL": "info", "HIGH": "warning", "CRITICAL": "danger"}
SEVERITY_COLOURS = {"LOW": "default", "MEDIUM": "info", "HIGH": "warning", "CRITICAL": "danger"}
LEVEL_COLOURS = {
    "DEBUG": "default",
    "INFO": "info",
    "WARNING": "warning",
    "ERROR": "danger",
    "CRITICAL": "danger",
}
OUTCOME_COLOURS = {
    "succeeded": "success",
    "failed": "danger",
    "cancelled": "default",
    "lapsed": "warning",
    "open": "default",
}
