"""What a model would say, good and bad, made from the lines that it was shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

_LINE = re.compile(r"^(\d+)\| (.*)$", re.MULTILINE)
_SIGN = re.compile(r"error|fatal|exception|refused|exhausted", re.IGNORECASE)
MARKUP = "<script>alert('x')</script><img src=x onerror=alert(1)> [click](javascript:alert(1)) {{ 7*7 }}"
TEXTS = {
    "en": ("Connections are refused", "The pool is exhausted by long transactions", "Look at slow queries"),
    "ko": (
        "데이터베이스 연결이 거부되고 있습니다",
        "긴 트랜잭션이 커넥션 풀을 모두 사용하고 있습니다",
        "느린 쿼리를 확인하세요",
    ),
}


def good(asked: str, **other: Any) -> str:
    """An answer in the language asked for, which cites a line that was shown."""
    summary, cause, advice = TEXTS["ko" if "Korean" in asked else "en"]
    lines = [(int(number), text) for number, text in _LINE.findall(asked)]
    cited = next((number for number, text in lines if _SIGN.search(text)), lines[0][0])
    answer = {
        "summary": summary,
        "root_cause": cause,
        "recommendation": advice,
        "severity": "HIGH",
        "confidence": 0.8,
        "component": "HikariPool",
        "evidence": [{"line": cited, "claim": "이 줄이 보여 줍니다" if "Korean" in asked else "it shows it"}],
    }
    return json.dumps(answer | other, ensure_ascii=False)


SAID: dict[str, Callable[[str], str]] = {
    "well": good,
    "fenced": lambda asked: f"Here it is:\n```json\n{good(asked)}\n```\nI hope this helps.",
    "thinking": lambda asked: f"<think>Is it {{a trap}}?</think>\n{good(asked)}",
    "broken_json": lambda asked: good(asked)[:-40],
    "prose": lambda asked: "I am sorry, I cannot do that.",
    "empty": lambda asked: "",
    "wrong_shape": lambda asked: json.dumps({"answer": {"text": "it broke", "severity": 7}}),
    "false_citation": lambda asked: good(asked, evidence=[{"line": 99_999, "claim": "proof"}]),
    "no_citation": lambda asked: good(asked, evidence=[]),
    "english": lambda asked: good("in English\n1| error"),
    "severity_off": lambda asked: good(asked, severity="APOCALYPTIC"),
    "markup": lambda asked: good(asked, summary=MARKUP, component=MARKUP),
    "endless": lambda asked: good(asked, summary="word " * 20_000),
}
"""Contents of the message, by name."""
