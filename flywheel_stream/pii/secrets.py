"""Keys and tokens: private keys, JWT, tokens in addresses, API keys."""

import re

from flywheel_stream.pii.checks import when
from flywheel_stream.pii.detector import Detector, Span
from flywheel_stream.pii.needs import Feature


def _without_end_of_line(match: re.Match[str]) -> Span:
    start, _ = match.span("v")
    return start, start + len(match["v"].rstrip())


_HAS_DIGIT = re.compile("[0-9]")


def _secret(value: str) -> bool:
    """Letters and digits mixed, many different: not a word, a path or a version."""
    return (
        _HAS_DIGIT.search(value) is not None
        and any(c.isalpha() for c in value)
        and len(set(value)) >= 8
    )


_KEY_PREFIXES = (
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]", r"gh[pousr]_", "github_pat_", r"gl(?:pat|dt|rt)-", r"xox[abeoprs]-",
    "xapp-", r"\bsk-", r"\b[spr]k_(?:live|test)_", "whsec_", "AIza", r"ya29\.", "GOCSPX-", "npm_", "pypi-",
    r"\bhf_", r"\bSG\.", r"shp(?:at|ca|pa|ss)_", r"do[opr]_v1_", r"dapi[a-f0-9]", r"hvs\.",
    r"\b(?:gsk|r8|xai|nvapi|pplx|tvly|lin_api|sntrys|secret)[_-]", r"sq0[a-z]{3}-",
    r"\bkey-[a-f0-9]{4}", r"\d:AA", r"hooks\.slack\.com/services/",
)  # fmt: skip


SECRETS: tuple[Detector, ...] = (
    Detector(
        "PRIVATE_KEY",
        re.compile(
            r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:\\n|\\r|\s){0,4}"
            r"(?P<v>(?:[^-\"'<]|-(?!----)){16,16384}+)"
        ),
        Feature.NONE,
        "RFC 7468; OpenSSH and PGP use the same armour",
        (
            (
                "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n-----END PRIVATE KEY-----",
                "MIIEvQIBADANBgkqhkiG9w0B",
            ),
        ),
        ("-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOC\n-----END PUBLIC KEY-----",),
        check=_without_end_of_line,
        words=("private key",),
    ),
    Detector(
        "JWT",
        re.compile(r"(?<![\w-])(?P<v>eyJ[\w-]{8,4096}+\.[\w-]{4,8192}+(?:\.[\w-]{0,4096}+)?)"),
        Feature.LONG,
        'RFC 7519: base64url of {" begins with eyJ',
        (
            (
                "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
            ),
        ),
        ("eyJust kidding, there is no token here at all",),
        words=("eyj",),
    ),
    Detector(
        "URL_TOKEN",
        re.compile(r"://(?P<v>[^\s/@:'\"<>]{1,64}:[^\s/@'\"<>]{1,128})@"),
        Feature.QUERY,
        "RFC 3986 section 3.2.1: userinfo",
        (("postgres://app:s3cret@db.example.com/x", "app:s3cret"),),
        ("see https://example.com:8080/@me", "http://user@example.com/"),
        words=("://",),
        anchored=True,
    ),
    Detector(
        "URL_TOKEN",
        re.compile(
            r"(?<=[?&;#])(?:[\w-]{0,20}(?:token|signature|secret|password|passwd|credential|api_?key)"
            r"|sig|key|pwd|auth|jwt|code|session(?:_?id)?|sid|sso|magic|t|k|otp|invite)="
            r"(?P<v>[^\s&#\"'<>]{6,2048})",
            re.IGNORECASE,
        ),
        Feature.QUERY,
        "OAuth 2.0, AWS Signature V4 and SAS query parameters",
        (
            ("https://a.example/reset?token=8f3kd92mfp1q now", "8f3kd92mfp1q"),
            ("x.example/d?X-Amz-Signature=8fd3ddcfef3f1833", "8fd3ddcfef3f1833"),
        ),
        ("https://a.example/list?page=20&size=94&sort=desc", "https://a.example/?key=name"),
        check=when(lambda v: any("0" <= c <= "9" for c in v) or len(v) >= 20),
        hint=(r"[a-z_]=",),
        first=r"[\w-]",
    ),
    Detector(
        "API_KEY",
        re.compile(
            r"(?<![A-Za-z0-9])(?P<v>(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])"
            r"|gh[pousr]_[A-Za-z0-9]{30,255}+|github_pat_\w{20,255}+|gl(?:pat|dt|rt)-[\w-]{16,64}+"
            r"|xox[abeoprs]-[\w-]{10,255}+|xapp-[\w-]{20,255}+"
            r"|sk-[\w-]{20,255}+|(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{10,255}+"
            r"|whsec_[A-Za-z0-9+/]{20,128}+"
            r"|AIza[\w-]{30,45}+|ya29\.[\w-]{20,512}+|GOCSPX-[\w-]{20,64}+"
            r"|npm_[A-Za-z0-9]{30,64}+|pypi-[\w-]{40,512}+|hf_[A-Za-z0-9]{20,64}+"
            r"|SG\.[\w-]{16,64}\.[\w-]{16,64}+|shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}"
            r"|do[opr]_v1_[a-f0-9]{40,64}+|dapi[a-f0-9]{32}|hvs\.[\w-]{20,255}+"
            r"|(?:gsk|r8|xai|nvapi|pplx|tvly|lin_api|sntrys|secret)[_-][\w-]{20,128}+"
            r"|sq0[a-z]{3}-[\w-]{20,64}+|key-[a-f0-9]{32}|\d{8,10}:AA[\w-]{33}"
            r"|(?<=hooks\.slack\.com/services/)[\w/]{20,128}+)"
        ),
        Feature.LONG,
        "the issuers' own documentation of token prefixes (AWS, GitHub, Slack, OpenAI, Stripe …)",
        (
            ("export K=AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
            ("key sk-abcdefghij0123456789XYZ!", "sk-abcdefghij0123456789XYZ"),
            (
                "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
                "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
            ),
        ),
        ("the class is called task-manager-with-a-long-name", "sk-learn"),
        check=when(lambda v: any("0" <= c <= "9" for c in v)),
        first=r"[\w/](?=[\w.:/+-]{12})",
        hint=_KEY_PREFIXES,
    ),
    Detector(
        "API_KEY",
        re.compile(
            r"(?:key|token|secret|bearer|credential)s?[\w-]{0,16}[\"']?\s{0,3}(?:[:=]|=>|:=|\bis\b|"
            r"(?<=bearer)|(?<=token))\s{0,3}(?:bearer )?[\"']?(?P<v>[\w/+.~-]{16,512}={0,2})",
            re.IGNORECASE,
        ),
        Feature.LONG,
        "an assignment to a name of a secret; the value must look random",
        (
            (
                "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            ),
        ),
        ("secret: extraordinarily-long-word", "monkey = some_function_name_here"),
        check=when(lambda v: _secret(v) and not v.startswith(("http", "/", "."))),
        words=("key", "token", "secret", "bearer", "credential"),
        anchored=True,
    ),
)
