"""Who is on the other side: hosts, addresses and files that the lines of a finding name.

Every repetition in the patterns is bounded: they are searched in hostile text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from .components import READ_CHARS, READ_LINES, safe
from .matching import Match
from .rule import Target

_SHARE = 0.2

_HOST = r"[A-Za-z0-9][\w-]{0,62}(?:\.[A-Za-z0-9-]{1,63}){0,8}"
_ADDRESS = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
_URL = re.compile(rf"\b[a-z][a-z0-9+.:-]{{0,30}}://(?:[^\s/@]{{0,99}}@)?({_HOST}(?::[0-9]{{1,5}})?)")
_TOWARDS = re.compile(
    r"\b(?:to|with|at|reach|server|upstream|backend|peer|broker|connecting|dial tcp|for|host|New)"
    rf"[ :=]+[/\"']?((?:{_HOST}/)?(?:{_ADDRESS}|{_HOST}):[0-9]{{2,5}})\b"
)
_AND_PORT = re.compile(rf"\b({_ADDRESS}|{_HOST})[\"')]{{0,2}},? (?:on |at )?port:? ([0-9]{{2,5}})\b")
_WITH_PORT = re.compile(
    rf"(?<![\w.:/-])/?((?:{_HOST}/)?{_ADDRESS}:[0-9]{{2,5}}"
    r"|[A-Za-z][\w-]{0,62}(?:\.[\w-]{1,63}){0,8}:[0-9]{3,5})(?!\w|[:.]\w)"
)
_BARE_ADDRESS = re.compile(rf"(?<![\w.])({_ADDRESS})(?![\w.])")
_KIND = re.compile(
    r"\b(?:to|from|with|by|at) (?:the )?(database|db|redis|kafka|broker|postgres(?:ql)?|mysql|mongo(?:db)?"
    r"|cassandra|elasticsearch|opensearch|rabbitmq|memcached|zookeeper|etcd|ldap|smtp|s3|nfs|proxy|gateway"
    r"|upstream|dns)\b",
    re.IGNORECASE,
)
_ENDPOINTS = (_TOWARDS, _AND_PORT, _URL, _WITH_PORT, _BARE_ADDRESS, _KIND)
# Links to documentation are nobody's other side, nor are lines of source files.
_SEE = re.compile(r"\bsee:?\s+\S+", re.IGNORECASE)
_SOURCE_FILE = re.compile(r"\.(?:java|py|go|rb|js|ts|c|cc|cpp|h|rs|scala|kt|php):[0-9]+$", re.IGNORECASE)
_LOOKED_UP = re.compile(
    rf"(?:unknownhostexception:?|enotfound|eai_again|resolve(?: host)?(?: name)?|lookup|host(?: name)?)"
    rf"[:\s\"']+({_HOST})",
    re.IGNORECASE,
)
_PATH = re.compile(r"(?<![\w./])(/[\w.+@~-]{1,99}(?:/[\w.+@~-]{1,99}){1,20}|[A-Za-z]:\\[\w.\\-]{1,200})")

_SERVICES = {
    "53": "DNS", "389": "LDAP", "2181": "ZooKeeper", "2379": "etcd", "3306": "MySQL",
    "3888": "ZooKeeper election", "5432": "PostgreSQL", "5672": "RabbitMQ", "6379": "Redis",
    "8020": "HDFS NameNode", "8030": "YARN ResourceManager", "8123": "ClickHouse", "9042": "Cassandra",
    "9092": "Kafka", "9200": "OpenSearch", "11211": "memcached", "27017": "MongoDB", "50010": "HDFS DataNode",
}  # fmt: skip


def target_of(kind: Target, matches: Sequence[Match]) -> str | None:
    """What the lines name on the other side, most often; None if they name nothing, or many alike."""
    if kind is Target.NOTHING:
        return None
    texts = [each.line.text[:READ_CHARS] for each in matches[:READ_LINES]]
    found = Counter(name for text in texts if (name := _target(kind, text)))
    if not found:
        return None
    name, count = found.most_common(1)[0]
    hosts: Counter[str] = Counter()
    for each, times in found.items():
        hosts[host_of(each)] += times
    host, on_host = hosts.most_common(1)[0]
    if kind is Target.ENDPOINT and on_host > 2 * count:
        name, count = host, on_host  # many ports of one host
    return name if count >= _SHARE * len(texts) else None


def host_of(name: str) -> str:
    """An endpoint without its port."""
    return name.split(" ")[0].partition(":")[0]


def sources(matches: Iterable[Match]) -> Counter[str]:
    """How many of the lines each address appears in."""
    return Counter(found[1] for each in matches if (found := _BARE_ADDRESS.search(each.line.text)))


def _target(kind: Target, text: str) -> str | None:
    if kind is Target.PATH:
        return _first((_PATH,), text)
    if kind is Target.NAME:
        return _first((_LOOKED_UP,), text)
    if kind is Target.SOURCE:
        return _first((_BARE_ADDRESS,), text)
    name = _first(_ENDPOINTS, _SEE.sub(" ", text))
    service = _SERVICES.get(name.rpartition(":")[2]) if name and ":" in name else None
    return f"{name} ({service})" if service else name


def _first(patterns: tuple[re.Pattern[str], ...], text: str) -> str | None:
    for pattern in patterns:
        for found in pattern.finditer(text):
            if not _SOURCE_FILE.search(found[1]) and not found[1].endswith(":0"):
                return safe(":".join(found.groups()))
    return None
