"""Dates of birth, and how dates are written."""

import re

from flywheel_stream.pii.checks import when
from flywheel_stream.pii.detector import Detector
from flywheel_stream.pii.needs import Feature


def _birth(value: str) -> bool:
    """A living person's year, if it has four digits."""
    year = re.search(r"(?<!\d)\d{4}(?!\d)", value)
    return year is None or 1900 <= int(year[0]) <= 2035


MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|enero|febrero|marzo|abril|mayo|junio|julio"
    r"|agosto|septiembre|octubre|noviembre|diciembre|janv|févr|mars|avril|mai|juin|juil|août|déc"
    r"|januar|februar|märz|juni|juli|okt|dez|gen|mag|giu|lug|ago|set|ott|dic|fev|març|maio|out|maart|mei"
    r"|sty|lut|kwi|maj|cze|lip|sie|wrz|paź|lis|gru)[a-zéûçńśź]{0,8}\.?"
)
_DATE = (
    r"(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[./-]\d{1,2}[./-]\d{1,2}"
    rf"|\d{{1,2}}(?:st|nd|rd|th|er|\.)?(?: of| de)? {MONTH},?(?: de)? \d{{4}}"
    rf"|{MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})"
)

_BORN = (
    r"(?:birth[ -]?(?:date|day)?|b-?day|born|d\.?o\.?b|naissance|née?|nacimiento|nacid[oa]|nac[ií]"
    r"|geburts(?:datum|tag)|geb(?:oren)?|geboorte(?:datum)?|nascita|nat[oa]|nasc(?:imento|id[oa]|i|eu)"
    r"|urodz\w{0,6}|född|født|fødselsdato|doğum)"
)
_BIRTHDAY = r"(?:birth ?(?:date|day)|b-?day|geburtstag|anniversaire|cumpleaños|d\.?o\.?b)"


BIRTHS: tuple[Detector, ...] = (
    Detector(
        "DATE_OF_BIRTH",
        re.compile(
            rf"{_BORN}\b[^\d\n]{{0,32}}?"
            rf"(?P<v>(?<!\d){_DATE})(?!\d)",
            re.IGNORECASE,
        ),
        Feature.DIGITS4,
        "a date after the words for birth, year from 1900",
        (
            ("DOB: 09/01/86", "09/01/86"),
            ("I was born on 24 June 2004.", "24 June 2004"),
            ("né le 3 mars 1990", "3 mars 1990"),
            ("sono nato il 3 maggio 1990", "3 maggio 1990"),
            ("Geboortedatum: 03-05-1990", "03-05-1990"),
            ("my bday is 3/5/90", "3/5/90"),
        ),
        ("born 27 January 1756", "signed on 22 July 2021", "what is a date of birth?"),
        check=when(_birth),
        words=(
            "birth",
            "born",
            "dob",
            "d.o.b",
            "naissance",
            "né",
            "nac",
            "gebur",
            "geb",
            "nasc",
            "nat",
            "bday",
            "b-day",
            "urodz",
            "född",
            "fød",
            "doğum",
        ),
        anchored=True,
        hint=(rf"{_BORN}[^\d\n]{{0,54}}\d",),  # with a month of up to twenty letters
    ),
    Detector(
        "DATE_OF_BIRTH",
        re.compile(
            rf"(?<![\w./-])(?P<v>{_DATE})(?=,? (?:is|was|ist|est|es) (?:my|his|her|their|mein|mi|ma|mon)"
            rf" {_BIRTHDAY})",
            re.IGNORECASE,
        ),
        Feature.DIGITS4,
        "a date before the words for birth",
        (("3 May 1990 is my birthday", "3 May 1990"),),
        ("3 May 1990 is my favourite day",),
        check=when(_birth),
        words=("birth", "bday", "b-day", "geburtstag", "anniversaire", "cumple", "dob", "d.o.b"),
        hint=(rf" (?:my|his|her|their|mein|mi|ma|mon) {_BIRTHDAY}",),
    ),
)
