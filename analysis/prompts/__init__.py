"""What a model is asked. Pure; change `VERSION` with every change of the words or of the choice of lines.

The log is untrusted. It is masked before it comes here, and shown between two marker lines that it cannot
contain, each line under its number, without characters that nobody sees and without the signs by which chat
templates tell who speaks.
"""

from .conversation import Flaw, Message, Question, conversation
from .excerpt import NothingFits, Shown, excerpt
from .wording import SCHEMA

VERSION = "1"

__all__ = [
    "SCHEMA",
    "VERSION",
    "Flaw",
    "Message",
    "NothingFits",
    "Question",
    "Shown",
    "conversation",
    "excerpt",
]
