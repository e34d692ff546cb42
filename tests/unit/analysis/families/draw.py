"""Seeded values for the placeholders of a template, such as ``~ip~`` or ``~a|b~``."""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Callable

_PLACEHOLDER = re.compile(r"~([^~]+)~")


def _words(text: str) -> list[str]:
    return text.split()


_USERS = _words(
    "alice bob carol dave erin frank grace heidi ivan judy mallory niaj olivia peggy rupert sybil trent"
    " victor walter xavier yolanda zoe oracle postgres webadmin backup git ftp mysql nagios"
)
_WORDS = _words("orders billing basket search pricing parcel ledger stock mailer gateway profile audit")
_DOMAINS = _words("example.net example.org corp.example.com isp.example.co cable.example.tw")
_PACKAGES = _words("com.acme.reader com.acme.mail org.sample.player com.vendor.launcher com.shop.cart")
_COMMANDS = (
    "run-parts /etc/cron.hourly",
    "/usr/lib/sa/sa1 1 1",
    "/usr/lib/sa/sa2 -A",
    "run-parts /etc/cron.daily",
    "/usr/local/bin/rotate --keep 7 /var/log/app",
    "test -x /usr/sbin/anacron && /usr/sbin/anacron -s",
    "/opt/backup/nightly.sh full",
    "cd /srv/mail && ./flush queue",
)


class Draw:
    """Fills placeholders; the same seed gives the same text."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._kinds: dict[str, Callable[[], str]] = {
            "int": lambda: str(self.random.randint(0, 99999)),
            "small": lambda: str(self.random.randint(0, 9)),
            "float": lambda: f"{self.random.uniform(0, 300):.3f}",
            "big": lambda: str(self.random.randint(10**11, 10**13)),
            "epoch": lambda: str(self.random.randint(1_077_000_000, 1_170_000_000)),
            "hex": lambda: f"0x{self.random.getrandbits(32):08x}",
            "hex7": lambda: f"{self.random.getrandbits(28):07x}",
            "hex64": lambda: f"0x{self.random.getrandbits(64):x}",
            "sha": lambda: f"{self.random.getrandbits(160):040x}",
            "uuid": lambda: str(uuid.UUID(int=self.random.getrandbits(128), version=4)),
            "ip": self.ip,
            "mac": lambda: ":".join(f"{self.random.getrandbits(8):02x}" for _ in range(6)),
            "port": lambda: str(self.random.randint(1024, 65535)),
            "user": lambda: self.random.choice(_USERS),
            "word": lambda: self.random.choice(_WORDS),
            "host": self.host,
            "site": self.site,
            "ptr": self.pointer,
            "peer": lambda: self.random.choice([self.ip, self.ip, self.pointer, self.site])(),
            "url": lambda: (
                self.path("/") + self.random.choice(["", "", f"?page={self.random.randint(1, 99)}"])
            ),
            "path": lambda: self.path("/"),
            "winpath": lambda: "C:\\Windows\\winsxs\\x86_{}_{}\\{}.dll".format(
                self.random.choice(_WORDS), f"{self.random.getrandbits(64):016x}", self.random.choice(_WORDS)
            ),
            "kb": lambda: f"{self.random.uniform(1, 900):.2f} {self.random.choice(['KB', 'MB'])}",
            "life": lambda: self.random.choice(["<1 sec", "00:01", "01:13", "02:44:10"]),
            "date": self.date,
            "package": lambda: self.random.choice(_PACKAGES),
            "command": lambda: self.random.choice(_COMMANDS),
            "node": lambda: f"node-{self.random.randint(0, 255)}",
            "midplane": self.midplane,
            "nodelist": lambda: " ".join(
                f"node-{self.random.randint(0, 63)} 0x{self.random.getrandbits(32):x} <ok>"
                for _ in range(self.random.randint(2, 9))
            ),
            "list": lambda: ", ".join(
                str(self.random.randint(1, 99)) for _ in range(self.random.randint(1, 6))
            ),
            "steps": lambda: "##".join(str(self.random.randint(0, 10**6)) for _ in range(6)),
            "device": lambda: self.random.choice(["alt0", self.fill("SCSI-WWID:~int~:~hex7~")]),
            "eth": lambda: f"eth{self.random.randint(0, 3)}",
        }

    def fill(self, template: str) -> str:
        """The template with every placeholder replaced by a fresh value."""
        return _PLACEHOLDER.sub(lambda match: self._value(match[1]), template)

    def _value(self, kind: str) -> str:
        if "|" in kind:
            return self.random.choice(kind.split("|"))
        return self._kinds[kind]()

    def ip(self) -> str:
        """An IPv4 address."""
        return ".".join(str(self.random.randint(1, 254)) for _ in range(4))

    def host(self) -> str:
        """A host name of the kind that carries digits."""
        return f"{self.random.choice(_WORDS)}-{self.random.randint(1, 40):02d}"

    def site(self) -> str:
        """A host name of words only."""
        return f"{self.random.choice(_WORDS)}.{self.random.choice(_USERS)}.{self.random.choice(_DOMAINS)}"

    def pointer(self) -> str:
        """The reverse name of a dial-up address."""
        return f"dsl-{self.ip().replace('.', '-')}.pool.{self.random.choice(_DOMAINS)}"

    def path(self, root: str) -> str:
        """An absolute path of two to four parts."""
        parts = [self.random.choice(_WORDS) for _ in range(self.random.randint(2, 4))]
        return root + "/".join(parts)

    def date(self) -> str:
        """A date as ``ctime`` writes it."""
        day = self.random.choice(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
        month = self.random.choice(["Jan", "Feb", "Jun", "Jul", "Nov"])
        clock = ":".join(f"{self.random.randint(0, 59):02d}" for _ in range(3))
        return f"{day} {month} {self.random.randint(10, 28)} {clock} 2005"

    def midplane(self) -> str:
        """A location code as large machines print it."""
        roll = self.random.randint
        return (
            f"R{roll(0, 7)}{roll(0, 7)}-M{roll(0, 1)}-N{roll(0, 9)}-C:J{roll(1, 17):02d}-U{roll(1, 11):02d}"
        )
