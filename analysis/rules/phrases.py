"""The connecting phrases of a report, in each language, without particles that depend on the word before."""

from __future__ import annotations

from dataclasses import dataclass

from ..analyzer import Language
from .rule import Target
from .specialists import Domain


@dataclass(frozen=True, slots=True)
class Phrases:
    """Format strings of one language."""

    unknown: dict[Target, str]
    one_line: str
    many_lines: str
    at_time: str
    mostly: str
    mostly_from: str
    distinct_sources: str
    innermost: str
    raised_in: str
    follows: str
    precedes: str
    item: str
    lines: str
    line: str
    over: str
    read_from: str
    partial: str
    unrecognised: str
    nothing: str
    nothing_cause: str
    nothing_advice: str
    empty: str
    empty_cause: str
    empty_advice: str
    reason: str
    accepted: str
    accepted_same: str
    claim_first: str
    claim_last: str
    claim_reason: str
    claim_innermost: str
    claim_follows: str
    claim_precedes: str
    claim_error: str
    claim_rare: str
    claim_warning: str
    claim_accepted: str
    domains: dict[Domain, str]
    spoke: str
    agrees: str
    besides: str
    unanswered: str
    claim_besides: str


_EN = Phrases(
    unknown={
        Target.ENDPOINT: "another system",
        Target.SOURCE: "from many addresses",
        Target.NAME: "a host name",
        Target.PATH: "a file or resource",
        Target.NOTHING: "",
    },
    one_line="One line shows it: line {first}{time}.",
    many_lines="{count} lines show it, the first is line {first}{time}, the last line {last}.",
    at_time=" ({time})",
    mostly="Named most often: {target}.",
    mostly_from="mostly from {target}",
    distinct_sources="{count} addresses take part.",
    raised_in="It was raised in {frame}.",
    innermost="The innermost cause in the trace is {name} (line {line}).",
    follows="These begin after it and probably follow from it: {items}.",
    precedes="These began before it and may be early signs: {items}.",
    item="{what} (from line {line}, {count})",
    lines="{count} lines",
    line="1 line",
    over="No such line stands in the last {lines} lines, so it may have ended by itself.",
    read_from="Start reading at line {line}.",
    partial="Only the first {read} of {lines} lines were read.",
    unrecognised='The earliest says "{template}".',
    nothing="{who}: no failure found in {lines} lines.",
    nothing_cause="No line is marked as an error or warning, and none matches a known kind of failure. That"
    " does not prove that nothing is wrong, only that this log does not show it.",
    nothing_advice="If there was a problem, send the log of the time when it happened, at a more detailed"
    " level, or the log of the service that it depends on.",
    empty="{who}: the log is empty.",
    empty_cause="There is no text to judge.",
    empty_advice="Check that the log was collected for the right service and time.",
    reason="The reason is named from line {line} on: {what}.",
    accepted="There are accepted logins too, from other addresses (line {line}); make sure they are known.",
    accepted_same="A login from one of these addresses was accepted (line {line}): treat the account as"
    " taken over.",
    claim_first="first line of it: {what}",
    claim_last="most recent line of it",
    claim_reason="names the reason: {what}",
    claim_innermost="innermost cause in the trace",
    claim_follows="begins after it: {what}",
    claim_precedes="began before it: {what}",
    claim_error="earliest line marked as an error",
    claim_rare="rarest kind of error",
    claim_warning="warning, {count}",
    claim_accepted="accepted login",
    domains={
        Domain.DATABASE: "database",
        Domain.NETWORK: "network",
        Domain.APPLICATION: "application",
        Domain.SECURITY: "security",
    },
    spoke="Found by the {domain} specialist.",
    agrees="What the {domain} specialist sees follows from it.",
    besides="Not explained by it, the {domain} specialist finds: {item}.",
    unanswered="Asked for {kind}, nothing of that kind was found; this is what failed.",
    claim_besides="found besides: {what}",
)
_KO = Phrases(
    unknown={
        Target.ENDPOINT: "다른 시스템",
        Target.SOURCE: "여러 주소",
        Target.NAME: "호스트 이름",
        Target.PATH: "파일 또는 자원",
        Target.NOTHING: "",
    },
    one_line="해당 라인 1건: {first}행{time}.",
    many_lines="해당 라인 {count}건, 최초 {first}행{time}, 마지막 {last}행.",
    at_time="({time})",
    mostly="가장 많이 언급된 대상: {target}.",
    mostly_from="주로 {target}",
    distinct_sources="관련 주소 {count}개.",
    raised_in="발생 위치: {frame}.",
    innermost="스택 트레이스의 가장 안쪽 원인: {name}({line}행).",
    follows="다음은 이후에 시작되어 결과로 보입니다: {items}.",
    precedes="다음은 이전에 시작되어 전조일 수 있습니다: {items}.",
    item="{what}({line}행부터 {count})",
    lines="{count}건",
    line="1건",
    over="마지막 {lines}개 라인에는 같은 문제가 없어 저절로 해소되었을 수 있습니다.",
    read_from="{line}행부터 읽으십시오.",
    partial="전체 {lines}개 라인 중 처음 {read}개만 읽었습니다.",
    unrecognised='가장 이른 내용: "{template}".',
    nothing="{who}: {lines}개 라인에서 장애를 찾지 못했습니다.",
    nothing_cause="오류나 경고로 표시된 라인이 없고 알려진 장애 유형과도 일치하지 않습니다. 문제가 없다는"
    " 증명은 아니며, 이 로그에는 나타나지 않는다는 뜻입니다.",
    nothing_advice="문제가 있었다면 발생 시각의 더 상세한 로그나, 의존하는 서비스의 로그를 보내 주십시오.",
    empty="{who}: 로그가 비어 있습니다.",
    empty_cause="판단할 내용이 없습니다.",
    empty_advice="올바른 서비스와 시각의 로그가 수집되었는지 확인하십시오.",
    reason="이유는 {line}행부터 나타납니다: {what}.",
    accepted="다른 주소에서 성공한 로그인도 있습니다({line}행). 알려진 로그인인지 확인하십시오.",
    accepted_same="같은 주소에서 로그인이 성공했습니다({line}행). 해당 계정이 탈취된 것으로 간주하십시오.",
    claim_first="최초 발생: {what}",
    claim_last="가장 최근 발생",
    claim_reason="이유: {what}",
    claim_innermost="스택 트레이스의 가장 안쪽 원인",
    claim_follows="이후 시작: {what}",
    claim_precedes="이전 시작: {what}",
    claim_error="오류로 표시된 가장 이른 라인",
    claim_rare="가장 드문 종류의 오류",
    claim_warning="경고 {count}",
    claim_accepted="성공한 로그인",
    domains={
        Domain.DATABASE: "데이터베이스",
        Domain.NETWORK: "네트워크",
        Domain.APPLICATION: "애플리케이션",
        Domain.SECURITY: "보안",
    },
    spoke="{domain} 전문 분석의 결론입니다.",
    agrees="{domain} 전문 분석이 본 내용은 그 결과입니다.",
    besides="이것으로 설명되지 않는 {domain} 전문 분석의 발견: {item}.",
    unanswered="요청한 유형({kind})에 해당하는 문제는 없어, 실제로 실패한 내용을 설명합니다.",
    claim_besides="별도 발견: {what}",
)
PHRASES = {Language.EN: _EN, Language.KO: _KO}
