"""Addresses of mail and telephone numbers."""

import re

from flywheel_stream.pii.checks import digits_of, when
from flywheel_stream.pii.detector import Detector, Span
from flywheel_stream.pii.needs import Feature


def _phone(value: str) -> bool:
    return 9 <= len(digits_of(value)) <= 16


def _nanp(match: re.Match[str]) -> Span | None:
    """Ten digits in one piece are a phone number only by the plan's rules: NXX NXX XXXX."""
    d = digits_of(match["v"])[-10:]
    return (
        match.span("v") if len(d) == 10 and d[0] > "1" and d[3] > "1" and len(set(d)) > 3 else None
    )


_PHONE_WORDS = (
    "tel", "phone", "call", "mobile", "cell", "fax", "desk", "whatsapp", "sms", "handy",
    "número", "numero", "móvil", "contact", "reach", "registered", "customers", "emergency",
    "billing", "number is", "text me", "ring ",
)  # fmt: skip

_NO_MAILBOX = frozenset(
    """us me him her them you it look team out someone anyone everyone page form up via back directly
    details information in sent mail email address help here posted available hosted published online
    found today now desk staff people server site website is are be was department""".split()
)


EMAILS: tuple[Detector, ...] = (
    Detector(
        "EMAIL",
        re.compile(
            r"(?<![\w.+-])(?P<v>[\w.+%-]{1,64}+(?: ?(?:@|\[at\]|\(at\)) ?)"
            r"[A-Za-z0-9\u00c0-\uffff](?:[\w-]{0,62}\.){1,6}[^\W\d_]{2,24})"
        ),
        Feature.NONE,
        "RFC 5322 addr-spec as people write it; international domains",
        (("mail jo.li+x@sub.example.co.uk.", "jo.li+x@sub.example.co.uk"),),
        ("npm install @types/node@3.25.19", "user@localhost", "@property"),
        first=r"[\w.+%-]",
        words=("@", "[at]", "(at)"),
        around=("@", "[at]", "(at)"),
    ),
    Detector(
        "EMAIL",
        re.compile(
            r"(?<![\w.+-])(?P<v>[\w.+%-]{1,64}+ ?(?:\(at\)|\[at\]|at) ?[a-z0-9-]{2,30}+"
            r"(?: ?(?:\.|\(dot\)|\[dot\]|\bdot\b) ?(?:com|org|net|edu|gov|io|de|fr|es|it|uk|co)\b){1,2})",
            re.IGNORECASE,
        ),
        Feature.NONE,
        "addresses spelt out",
        (("write jo.li at gmail dot com", "jo.li at gmail dot com"),),
        ("meet me at noon",),
        words=("at gmail", "at yahoo", "at hotmail", "at outlook", "(at)", "[at]", " dot com"),
    ),
    Detector(
        "EMAIL",
        re.compile(
            r"(?<![\w.+@-])(?P<v>(?P<a>[\w.+-]{2,64}) at (?:[a-z0-9-]{1,63}\.){1,4}"
            r"(?:com|org|net|edu|gov|info|io|dev|ai|app|me|eu|de|fr|es|it|nl|uk|co|ch|at|be|pl|pt|br|in|ca|au|us|ie|se|no|dk|fi))"
            r"(?![\w/-])",
            re.IGNORECASE,
        ),
        Feature.NONE,
        "addresses spelt out with a plain domain, where something speaks of mail before them",
        (("mail me, john.zorvan at example.com", "john.zorvan at example.com"),),
        (
            "look at example.com",
            "please contact us at example.com",
            "the mail server at example.com/x",
        ),
        check=lambda m: None if m["a"].lower() in _NO_MAILBOX else m.span("v"),
        context=(
            "mail",
            "contact",
            "reach",
            "write to",
            "send it to",
            "send to",
            "message",
            "get in touch",
            "schreib",
            "escrib",
            "écri",
            "scriv",
            "correo",
            "courriel",
        ),
        hint=(r"\w at [\w-]{1,63}\.[a-z]",),
        first=r"[\w.+-]",
        words=(" at ",),
    ),
)


PHONES: tuple[Detector, ...] = (
    Detector(
        "PHONE",
        re.compile(
            r"(?<![\w.+/=-])(?P<v>(?:\+|\(\+|00)[1-9]\d{0,2}\)?[ .()/-]{0,3}(?:\(0\)[ -]?)?\d"
            r"(?:[ .()/-]{0,2}\d){5,13}(?: ?(?:x|ext\.?|extension) ?\d{1,6})?)(?![\w]|[-.]\d)"
        ),
        Feature.DIGITS7,
        "ITU-T E.164: international prefix, up to fifteen digits",
        (
            ("+44 (0)20 7946 0747", "+44 (0)20 7946 0747"),
            ("call 0049 171 8311009", "0049 171 8311009"),
        ),
        ("x = a +1234 items", "id 001234"),
        check=when(_phone),
        first=r"[+(0](?=[+\d])",
    ),
    Detector(
        "PHONE",
        re.compile(
            r"(?<![\w.+=-])(?<!\d )(?P<v>(?:\+?1[-. ])?(?:\(\d{3}\) ?|\d{3}[-. /])\d{3}[-. ]\d{4}"
            r"(?: ?(?:x|ext\.?|extension) ?\d{1,6})?)(?![\w]|[-.]\d)",
            re.IGNORECASE,
        ),
        Feature.DIGITS7,
        "North American numbering plan, written in groups",
        (("(415) 555-2671", "(415) 555-2671"), ("415.555.2671 x12", "415.555.2671 x12")),
        ("ISBN 978-0-570-04744-5", "114-3270807-8338659"),
        first=r"[+(\d]",
    ),
    Detector(
        "PHONE",
        re.compile(r"(?<![\w.+=/-])(?P<v>1?\d{10})(?: ?(?:x|ext\.?) ?\d{1,6})?(?![\w-]|\.\d)"),
        Feature.DIGITS7,
        "North American numbering plan in one piece, announced",
        (("phone 7138732650", "7138732650"), ('{"phone":"2148900166"}', "2148900166")),
        ("offset 7138732650", "phone 1138732650"),
        check=_nanp,
        context=_PHONE_WORDS,
        first=r"\d",
    ),
    Detector(
        "PHONE",
        re.compile(
            r"(?<![\w.,+=/-])(?<!\d )(?P<v>\(?0[1-9]\d{0,4}\)?[ ./-]{1,2}\d{2,8}(?:[ .-]\d{2,4}){0,4})"
            r"(?![\w]|[-.,/]\d| \d)"
        ),
        Feature.DIGITS7,
        "national numbers with trunk prefix 0 (gb, de, fr …), in groups",
        (
            ("020 7946 0018", "020 7946 0018"),
            ("06.24.86.56.76", "06.24.86.56.76"),
            ("069/7338438", "069/7338438"),
        ),
        ("03-04-2021", "05 12 of 40"),
        check=when(lambda v: 9 <= len(digits_of(v)) <= 12),
        first=r"[(0](?=\d)",
    ),
    Detector(
        "PHONE",
        re.compile(
            r"(?<![\w.,+=/-])(?P<v>[06-9]\d{8,10}|[6-9]\d{2} \d{2,3} \d{2,3}(?: \d{2})?|9\d \d{3} \d{2} \d{2})(?![\w-]|[.,]\d| \d)"
        ),
        Feature.DIGITS7,
        "national numbers of nine to eleven digits (es, fr, gb …), announced",
        (("Tel.: 605881855", "605881855"), ("móvil 634 104 882", "634 104 882")),
        ("offset 605881855", "population 634 104 882"),
        context=(
            "tel",
            "phone",
            "call",
            "mobile",
            "móvil",
            "handy",
            "fax",
            "whatsapp",
            "reach me",
            "portable",
            "cell",
        ),
        reach=24,
        first=r"[06-9](?=\d)",
    ),
    Detector(
        "PHONE",
        re.compile(r"\n(?P<v>[+(]?\d[\d .()/-]{7,16}\d)\s{0,2}(?=\n|\Z)"),
        Feature.DIGITS7,
        "a line of its own below a line of words",
        (("Saludos,\nAna\n634 104 882", "634 104 882"),),
        ("1 74496\n2 76706 11111\n", "a\n2021-08-15\n"),
        check=when(lambda v: 9 <= len(digits_of(v)) <= 13 and v[0] != "1" and v[1] != " "),
    ),
)
