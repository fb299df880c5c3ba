"""Numbers that a state gives a person, each with its check digits."""

import re
from collections.abc import Iterable

from flywheel_stream.pii.checks import digits_of, when
from flywheel_stream.pii.detector import Detector
from flywheel_stream.pii.needs import Feature


def ssn(value: str) -> bool:
    """Social Security Administration: no area 000 or 666, no group 00, no serial 0000."""
    d = digits_of(value)
    return len(d) == 9 and d[:3] not in {"000", "666"} and d[3:5] != "00" and d[5:] != "0000"


def mod_11(weights: Iterable[int], value: str) -> int:
    """The weighted sum of the digits, mod 11."""
    return sum(w * int(c) for w, c in zip(weights, digits_of(value), strict=False)) % 11


def nir(value: str) -> bool:
    """French social security number: the key is 97 minus the number mod 97."""
    d = digits_of(value)
    return len(d) == 15 and int(d[13:]) == 97 - int(d[:13]) % 97


def dni(value: str) -> bool:
    """Spanish DNI and NIE: the letter is the number mod 23."""
    s = value.upper().replace("-", "").replace(" ", "").replace(".", "")
    number = s[:-1].translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == s[-1]


def cpf(value: str) -> bool:
    """Brazilian CPF: two check digits, mod 11."""
    d = digits_of(value)
    return (
        len(d) == 11  # a digit of another alphabet is none here
        and len(set(d)) > 1
        and (-mod_11(range(10, 1, -1), d[:9])) % 11 % 10 == int(d[9])
        and (-mod_11(range(11, 1, -1), d[:10])) % 11 % 10 == int(d[10])
    )


def pesel(value: str) -> bool:
    """Polish PESEL: weights 1 3 7 9, mod 10."""
    return (
        sum(int(c) * w for c, w in zip(value, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), strict=True)) % 10
        == 0
    )


def steuer_id(value: str) -> bool:
    """German tax id: ISO 7064 mod 11,10."""
    d = digits_of(value)
    product = 10
    for c in d[:10]:
        product = ((int(c) + product) % 10 or 10) * 2 % 11
    return len(d) == 11 and d[0] != "0" and (11 - product) % 10 == int(d[10])


def bsn(value: str) -> bool:
    """Dutch BSN: the eleven-test."""
    return mod_11((9, 8, 7, 6, 5, 4, 3, 2, -1), value) == 0


NATIONAL_IDS: tuple[Detector, ...] = (
    Detector(
        "NATIONAL_ID",
        re.compile(r"(?<![\w.-])(?P<v>[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2})(?!\w)"),
        Feature.DIGITS7,
        "INSEE: NIR, key mod 97",
        (("NIR 1 84 12 76 451 089 46", "1 84 12 76 451 089 46"),),
        ("184127645108947",),
        check=when(nir),
        first=r"[12]",
    ),
    Detector(
        "NATIONAL_ID",
        re.compile(
            r"(?<![\w.-])(?P<v>(?:\d{8}|\d{2}\.\d{3}\.\d{3}|[XYZ]-?\d{7})-?[A-HJ-NP-TV-Z])(?!\w)"
        ),
        Feature.DIGITS7,
        "Spanish Ministry of the Interior: DNI and NIE, letter mod 23",
        (("DNI 12345678Z", "12345678Z"), ("NIE X1234567L", "X1234567L")),
        ("12345678A",),
        check=when(dni),
        first=r"[\dXYZ]",
    ),
    Detector(
        "NATIONAL_ID",
        re.compile(r"(?<![\w.-])(?P<v>\d{3}\.\d{3}\.\d{3}-\d{2})(?!\w)"),
        Feature.DIGITS7,
        "Receita Federal: CPF, mod 11",
        (("CPF 529.982.247-25", "529.982.247-25"),),
        ("529.982.247-26",),
        check=when(cpf),
        first=r"\d",
    ),
    Detector(
        "NATIONAL_ID",
        re.compile(
            r"(?<!\w)(?P<v>[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z])(?!\w)", re.IGNORECASE
        ),
        Feature.DIGIT,
        "Agenzia delle Entrate: codice fiscale",
        (("CF RSSMRA85T10A562S", "RSSMRA85T10A562S"),),
        ("RSSMRA85Z10A562S",),
        words=("cf", "codice", "fiscal", "tax"),
        hint=(r"\d\d[A-EHLMPRST]\d\d[A-Z]\d\d",),
        first=r"[A-Z](?=[A-Z]{5}\d)",
    ),
    Detector(
        "NATIONAL_ID",
        re.compile(r"(?:pesel)\W{0,4}(?P<v>\d{11})(?!\w)", re.IGNORECASE),
        Feature.DIGITS7,
        "Polish Ministry of Digital Affairs: PESEL, weights 1 3 7 9",
        (("PESEL: 44051401359", "44051401359"),),
        ("PESEL: 44051401358",),
        check=when(pesel),
        words=("pesel",),
        hint=("pesel",),
        anchored=True,
    ),
    Detector(
        "NATIONAL_ID",
        re.compile(
            r"(?:steuer|idnr|tin\b)[\w-]{0,24}\W{0,4}(?P<v>\d{2} ?\d{3} ?\d{3} ?\d{3})(?!\w)",
            re.IGNORECASE,
        ),
        Feature.DIGITS7,
        "German Federal Central Tax Office: ISO 7064 mod 11,10",
        (("Steuer-ID: 86095742719", "86095742719"),),
        ("Steuer-ID: 86095742718",),
        check=when(steuer_id),
        words=("steuer", "idnr", "tin"),
        hint=(r"(?:steuer|idnr|tin\b)[\w-]{0,24}\W{0,4}\d",),
        anchored=True,
    ),
    Detector(
        "NATIONAL_ID",
        re.compile(r"(?:bsn|burgerservicenummer)\W{0,4}(?:is )?(?P<v>\d{9})(?!\w)", re.IGNORECASE),
        Feature.DIGITS7,
        "Dutch RvIG: BSN, eleven-test",
        (("BSN 111222333", "111222333"),),
        ("BSN 111222334",),
        check=when(bsn),
        words=("bsn", "burgerservice"),
        hint=("bsn", "burgerservice"),
        anchored=True,
    ),
    Detector(
        "NINO",
        re.compile(
            r"(?<![\w-])(?P<v>(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
            r"(?: ?\d{2}){3} ?[A-D])(?!\w)",
            re.IGNORECASE,
        ),
        Feature.DIGITS4,
        "HMRC NIM39110: no D F I Q U V, no O second, suffix A to D",
        (("NINO AB 12 34 56 C", "AB 12 34 56 C"), ("jg103759a", "jg103759a")),
        ("GB123456A", "QQ123456C"),
        hint=(r"\d\d ?\d\d ?\d\d ?[A-D]",),
        first=r"[A-Z](?=[A-Z] ?\d)",
    ),
    Detector(
        "US_SSN",
        re.compile(r"(?<![\w.+-])(?P<v>\d{3}([-.])\d{2}\2\d{4})(?![\w-]|\.\d)"),
        Feature.DIGITS7,
        "SSA: area, group, serial; ITIN has the same form",
        (("SSN 219-09-9999", "219-09-9999"),),
        ("000-12-3456", "part 123-45-67890"),
        check=when(ssn),
        first=r"\d",
    ),
    Detector(
        "US_SSN",
        re.compile(
            r"(?:ssn|social security|itin|tax ?payer id)[\w ]{0,20}[\"']?\s{0,2}[:=#]?\s{0,2}[\"']?"
            r"(?P<v>\d{3}[ .-]?\d{2}[ .-]?\d{4})(?!\w)",
            re.IGNORECASE,
        ),
        Feature.DIGITS7,
        "the same, in any separators, announced",
        (("my SSN is 219099999", "219099999"), ('"ssn": "219 09 9999"', "219 09 9999")),
        ("ssn 000123456", "what is a social security number?"),
        check=when(ssn),
        words=("ssn", "social security", "itin", "taxpayer", "tax payer"),
        hint=(
            r"(?:ssn|social security|itin|tax ?payer id)[\w ]{0,20}[\"']?\s{0,2}[:=#]?\s{0,2}[\"']?\d",
        ),
        anchored=True,
    ),
    Detector(
        "US_SSN",
        re.compile(r"(?<=[\"'])(?P<v>\d{3} \d{2} \d{4})(?=[\"'])"),
        Feature.DIGITS7,
        "the same, with spaces, in quotes",
        (("('x', '219 09 9999')", "219 09 9999"),),
        ("rows 219 09 9999",),
        check=when(ssn),
        first=r"\d",
    ),
)
