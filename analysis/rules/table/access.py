"""Who may do what: logins and permissions."""

from heimdall_project.events.jobs import Severity

from ..rule import Depth, Rule, Target, any_of

RULES = (
    Rule(
        name="password_guessing",
        pattern=any_of(
            r"failed (?:password|none|publickey|keyboard-interactive) for",
            r"invalid user",
            r"(?<!password )authentication fail(?:ure|ed);? ?(?:logname|for|from|$)",
            r"user unknown",
            r"break-?in attempt",
            r"too many authentication failures",
            r"maximum authentication attempts",
            r"more authentication failures?",
            r"failed login",
            r"login (?:failed|failure)",
            r"no more user authentication methods",
        ),
        depth=Depth.RESOURCE,
        severity=Severity.HIGH,
        target=Target.SOURCE,
        least=10,
        quiet=True,
    ),
    Rule(
        name="authentication",
        pattern=any_of(
            r"authentication (?:failed|failure|error|exception)",
            r"auth(?:entication)? fail",
            r"failed to authenticate",
            r"couldn't authenticate",
            r"failed password",
            r"invalid (?:credentials?|password|token|api key|access key|signature)",
            r"bad credentials",
            r"login failed",
            r"password authentication failed",
            r"(?:token|jwt|session) (?:has |is )?(?:expired|invalid)",
            r"unauthori[sz]ed",
            r"(?:status|http|code|error)\D{0,12}401\b",
            r"access denied for user",
            r"not authenticated",
            r"saslauthentication",
        ),
        depth=Depth.DEPENDENCY,
        severity=Severity.MEDIUM,
        target=Target.ENDPOINT,
    ),
    Rule(
        name="permission",
        pattern=any_of(
            r"permission ?denied",
            r"access ?denied",
            r"\beacces\b",
            r"\beperm\b",
            r"operation not permitted",
            r"\b403 forbidden",
            r"accesscontrolexception",
            r"not authori[sz]ed to",
            r"insufficient (?:privileges?|permissions?)",
            r"forbidden by rule",
            r"permissionerror",
            r"is forbidden:",
        ),
        depth=Depth.DEPENDENCY,
        severity=Severity.MEDIUM,
        target=Target.PATH,
    ),
)
