"""What can go wrong with the local stack, in words for the person at the terminal."""


class StackError(Exception):
    """The stack cannot do what was asked; the message says why and what to do about it."""


class PortTakenError(StackError):
    """A port of this instance belongs to somebody else."""


class ServiceFailedError(StackError):
    """A service ended or did not become ready; the message carries its last log lines."""
