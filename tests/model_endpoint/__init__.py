"""An endpoint for tests that speaks chat completions over real sockets, and misbehaves as it is told."""

from .server import Asked, ModelEndpoint

__all__ = ["Asked", "ModelEndpoint"]
