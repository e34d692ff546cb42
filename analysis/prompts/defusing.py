"""Text of strangers, made harmless for a reader that takes text for structure.

Two things are taken from it. Characters that nobody sees (controls, directions, zero widths, tags: orders can
be hidden in them) become visible escapes. The signs by which chat templates mark who speaks, which endpoints
that render a template themselves may take for real, are broken by a blank.
"""

import re

_UNSEEN = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202f\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_ROLE = re.compile(
    r"<(?=[|\uff5c]|/?(?:s|bos|eos|unk|pad|think|system|user|assistant|tool_call|tool_response|function)>"
    r"|(?:start|end)_of_turn>|</?SYS>>)|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS)\])",
    re.IGNORECASE,
)


def defused(text: str) -> str:
    """One line of untrusted text for a prompt."""
    return _ROLE.sub(r"\g<0> ", _UNSEEN.sub(_visible, text))


def _visible(found: re.Match[str]) -> str:
    return f"\\u{{{ord(found[0]):x}}}"


def plain(text: str) -> str:
    """Text of a model for people: what nobody sees is left out, line feeds and tabs stay."""
    return _UNSEEN.sub(lambda found: "\n" if found[0] == "\n" else "", text)
