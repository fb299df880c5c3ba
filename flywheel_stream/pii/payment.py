"""IBAN and payment cards, by their check digits; routing numbers and accounts, announced."""

import re
from string import ascii_uppercase

from flywheel_stream.pii.checks import digits_of, enough_digits, when
from flywheel_stream.pii.detector import Detector
from flywheel_stream.pii.needs import Feature

_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")
"""A digit to the sum of the digits of twice it."""


def luhn(value: str) -> bool:
    """Luhn's check digit, ISO/IEC 7812-1 annex B; separators do not count."""
    digits = digits_of(value).encode()
    doubled = digits[-2::-2].translate(_DOUBLED)
    return (sum(digits[-1::-2]) + sum(doubled) - len(digits) * ord("0")) % 10 == 0


def card(value: str) -> bool:
    """A payment card: length and first digits of an issuer, then Luhn."""
    d = digits_of(value)
    return 12 <= len(d) <= 19 and d[0] in "23456" and len(set(d)) > 1 and luhn(d)


def iban(value: str) -> bool:
    """ISO 13616: mod-97 of the rearranged number is 1 (the pattern knows each country's length)."""
    s = value.replace(" ", "").replace("-", "").upper()
    if not s.isascii():  # where case counts not, a Kelvin sign is a K to the pattern
        return False
    return int((s[4:] + s[:4]).translate(_IN_36)) % 97 == 1


_IN_36 = {ord(letter): str(number) for number, letter in enumerate(ascii_uppercase, 10)}
_ROUTING = (
    r"(?:routing|\baba\b|\brtn\b|sort ?code|\bblz\b|bankleitzahl|transit)"
    r"(?: (?:transit )?(?:number|no\.?|num|code))?[\"']?(?: is)?[ :=#]{0,4}[\"']?"
)
_ACCOUNT = (
    r"(?:account|acct\.?|a/c|konto|kontonummer|cuenta|compte)(?: ?(?:number|no\.?|num|nr\.?))?"
    r"[\"']?(?: is| ending in)?[ :=#(]{1,4}[\"']?"
)

# ISO 13616 registry: length of the IBAN by country
_IBAN_LENGTHS = {
    15: "NO", 16: "BE", 18: "DK FI FO GL NL", 19: "MK SI", 20: "AT BA EE KZ LT LU XK",
    21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ TL OM SO",
    24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO EG GT HU LB NI PL SV", 29: "BR PS QA UA",
    30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
}  # fmt: skip
_IBAN = "|".join(
    rf"(?:{'|'.join(countries.split())})\d{{2}}(?:[ -]?[A-Z0-9]){{{length - 4}}}"
    for length, countries in _IBAN_LENGTHS.items()
)


IBANS_AND_CARDS: tuple[Detector, ...] = (
    Detector(
        "IBAN",
        re.compile(rf"(?<![A-Za-z0-9])(?P<v>{_IBAN})(?![A-Za-z0-9])", re.IGNORECASE),
        Feature.DIGITS7,
        "ISO 13616: length by country, mod 97",
        (
            ("pay GB82 WEST 1234 5698 7654 32 today", "GB82 WEST 1234 5698 7654 32"),
            ("DE89370400440532013000", "DE89370400440532013000"),
        ),
        ("GB82 WEST 1234 5698 7654 33", "DE8937040044053201300"),
        check=when(iban),
        first=r"[A-Z](?=[A-Z]\d\d)",
    ),
    Detector(
        "CREDIT_CARD",
        re.compile(r"(?<![A-Za-z0-9_.+-])(?P<v>\d(?:[ -]?\d){11,18})(?!\w|-\d|\.\d(?<!0)|\.0\w)"),
        Feature.DIGITS7,
        "ISO/IEC 7812: issuer prefix, length, Luhn; .0 is how tables write whole numbers",
        (
            ("card 4111 1111 1111 1111.", "4111 1111 1111 1111"),
            ("3782-822463-10005", "3782-822463-10005"),
            ("[4111111111111111.0, 1]", "4111111111111111"),
        ),
        (
            "4111111111111111.05",
            "4111111111111111.5",
            "card 4111 1111 1111 1112",
            "barcode 7446286844472528",
            "SO4111111111111111",
        ),
        check=when(card),
        first=r"\d",
    ),
)


BANK: tuple[Detector, ...] = (
    Detector(
        "BANK_ROUTING",
        re.compile(
            rf"{_ROUTING}"
            r"(?P<v>\d{2}[- ]\d{2}[- ]\d{2}|\d{9}|\d{8}|\d{6})(?![\w-])",
            re.IGNORECASE,
        ),
        Feature.DIGITS4,
        "ABA routing number, UK sort code, German BLZ, announced",
        (("routing number 021000021 and", "021000021"), ("sort code: 07-39-23", "07-39-23")),
        ("routing table has 12 rows", "routing 1234"),
        words=("routing", "aba", "rtn", "sort", "blz", "bankleitzahl", "transit"),
        hint=(rf"{_ROUTING}\d",),
        anchored=True,
    ),
    Detector(
        "BANK_ROUTING",
        re.compile(
            r"(?<![\w.-])(?P<v>\d{2}-\d{2}-\d{2})(?=[ ,/]{1,3}(?:account |acct )?\d{8}(?!\d))"
        ),
        Feature.DIGITS7,
        "UK sort code before an account number",
        (("into 07-39-23 83947226", "07-39-23"),),
        ("on 07-39-23 at noon",),
        first=r"\d(?=\d-)",
    ),
    Detector(
        "BANK_ACCOUNT",
        re.compile(r"(?<![\w.-])\d{2}-\d{2}-\d{2}[ ,/]{1,3}(?:account |acct )?(?P<v>\d{8})(?!\d)"),
        Feature.DIGITS7,
        "UK account number after a sort code",
        (("into 07-39-23 83947226", "83947226"),),
        ("on 07-39-23 at noon",),
        first=r"\d(?=\d-)",
    ),
    Detector(
        "BANK_ACCOUNT",
        re.compile(
            rf"{_ACCOUNT}"
            r"(?P<v>\d{6,17}|\d{2,5}(?:[- ]\d{2,6}){1,4})"
            r"(?![\w-]|\.\d)",
            re.IGNORECASE,
        ),
        Feature.DIGITS4,
        "six to seventeen digits, announced",
        (("account number 1273397792.", "1273397792"), ("account (4817-9230-98)", "4817-9230-98")),
        ("account 42", "the account of 1999"),
        check=enough_digits(6),
        words=("account", "acct", "a/c", "konto", "cuenta", "compte"),
        hint=(rf"{_ACCOUNT}\d",),
        anchored=True,
    ),
)
