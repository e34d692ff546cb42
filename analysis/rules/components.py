"""Who fails: a name that the log itself gives, made safe to show."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from .matching import Match
from .reading import Event
from .rule import Rule

NAME_CHARS = 120
READ_LINES = 400
READ_CHARS = 2_000
_SHORT_NAME = 7

_LIBRARY = re.compile(
    r"(?:java|javax|jdk|sun|com\.sun|kotlin|scala|org\.springframework"
    r"|org\.apache\.(?:catalina|tomcat|coyote|http)|org\.hibernate|com\.zaxxer|io\.netty|reactor|akka"
    r"|org\.eclipse\.jetty|org\.postgresql|com\.mysql|org\.mortbay|redis\.clients|okhttp3|feign|io\.lettuce"
    r"|ch\.qos|oracle)\."
)
_JAVA_FRAME = re.compile(r"\s*at ([\w$.]{1,200})\.[\w$<>]{1,100}\(")
_RUBY_FRAME = re.compile(r"\s*(?:from )?(/[^:\s]{1,200}\.rb):\d+:in ")
_NODE_FRAME = re.compile(r"\s*at (?:.{1,100} \()?(/[^:\s()]{1,200}\.[cm]?[jt]s):\d+:\d+\)?")
_PYTHON_FRAME = re.compile(r'\s*File "([^"]+)", line \d+')
# Names that stand where a component would, and name none.
_NOBODY = re.compile(
    r"(?:root|main|error|log|app|stderr|stdout|worker|default|thread-\d+|\d+|[A-Z]{2,4}-?\d{3,})$",
    re.IGNORECASE,
)
_DIALECTS = {
    "postgres": re.compile(
        r"\[\d+\](?: \S+@\S+)? (?:LOG|ERROR|FATAL|PANIC|WARNING|DETAIL|HINT|STATEMENT):  "
    ),
    "nginx": re.compile(r"\[(?:error|warn|crit|alert|emerg|notice)\] \d+#\d+: "),
    "mysqld": re.compile(r"\[(?:ERROR|Warning|Note|System)\] \[MY-\d+\]"),
    "httpd": re.compile(
        r"\[(?:core|mpm_\w+|proxy\w*|ssl|authz_core|php\d?|cgi\w*):(?:error|warn|notice|crit|alert|emerg)\]"
    ),
    "redis-server": re.compile(r"^\d+:[MSCX] \d+ \w+ \d{4} "),
}
_UNSAFE = re.compile(r"[^\w.:/$@#()+,~\\ -]")


def safe(text: str) -> str:
    """Text from a log as it may stand in a sentence of ours: one line, plain characters, bounded."""
    return " ".join(_UNSAFE.sub(" ", text).split())[:NAME_CHARS].strip()


def component_of(rule: Rule, matches: Sequence[Match]) -> str | None:
    """Who fails: whom the text names, else where most of the lines come from; the earliest of two equals."""
    texts = [each.line.text[:READ_CHARS] for each in matches[:READ_LINES]]
    for subject in rule.subjects:
        subjects = Counter(safe(found[1]) for text in texts if (found := subject.search(text)))
        if subjects:
            return subjects.most_common(1)[0][0]
    names = Counter(name for each in matches if (name := _component(each.event)))
    return names.most_common(1)[0][0] if names else None


def short(component: str) -> str:
    """A component as it is spoken of: a class without its package, a module or short word with its parent."""
    if component.count(".") < 2 or "/" in component or " " in component:
        return component
    *_, parent, last = component.split(".")
    return f"{parent}.{last}" if last.islower() or len(last) <= _SHORT_NAME else last


def _component(event: Event) -> str | None:
    named = event.head.component
    if named is None or _NOBODY.match(named):
        named = _dialect(event.text)
    if named and not _LIBRARY.match(named):
        return safe(named)
    return frame_of(event) or (safe(named) if named else None) or (safe(event.origin or "") or None)


def _dialect(text: str) -> str | None:
    """The program that writes lines of this form, where the lines do not name it."""
    return next((name for name, form in _DIALECTS.items() if form.search(text[:200])), None)


def frame_of(event: Event) -> str | None:
    """The first frame of a Java, Ruby or Node trace, the last of a Python one, that is not of a library."""
    python: str | None = None
    for line in event.body:
        if (found := _JAVA_FRAME.match(line.text)) and not _LIBRARY.match(found[1]):
            return safe(found[1])
        script = _RUBY_FRAME.match(line.text) or _NODE_FRAME.match(line.text)
        if script and not _is_library_file(script[1]):
            return safe("/".join(script[1].split("/")[-2:]))
        if (found := _PYTHON_FRAME.match(line.text)) and not _is_library_file(found[1]):
            python = "/".join(found[1].split("/")[-2:])
    return safe(python) if python else None


def _is_library_file(path: str) -> bool:
    return any(
        part in path for part in ("site-packages", "/lib/python", "/gems/", "node_modules", "/lib/ruby")
    )
