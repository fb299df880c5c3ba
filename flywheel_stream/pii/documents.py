"""Passports, driving licences and number plates, announced."""

import re

from flywheel_stream.pii.checks import enough_digits, when
from flywheel_stream.pii.detector import Detector
from flywheel_stream.pii.needs import Feature

# What announces a number
_PASSPORT = "(?:passport|passeport|pasaporte|reisepass|passaporto|paszport)"
_LICENSE = (
    r"(?:driv(?:er|ing)['’]?s?['’]? ?licen[cs]e|licen[cs]e (?:no|num)|\bdl ?(?:#|no|num)"
    r"|führerschein|permis de conduire|carn[eé]t? de conducir|patente di guida)"
)
_PLATE = (
    r"(?:plate|vehicle|registration|matr[ií]cula|immatricul[ée]+s?|kennzeichen|targa"
    r"|number ?plate)\b[ :#]{1,3}(?:(?:is|no\.?|number|num|es|ist|lautet)[ :]{1,2}){0,2}"
)


DOCUMENTS: tuple[Detector, ...] = (
    Detector(
        "PASSPORT",
        re.compile(
            rf"{_PASSPORT}[^\d\n.]{{0,28}}?"
            r"(?<![A-Za-z0-9])(?P<v>(?=[A-Z0-9]{0,4}\d{4})[A-Z0-9]{6,10})(?![\w-])",
            re.IGNORECASE,
        ),
        Feature.DIGITS4,
        "ICAO 9303: up to nine letters and digits, announced",
        (("passport number G41565027", "G41565027"), ("Passeport n° 96UB83339", "96UB83339")),
        ("passport renewal takes 12 weeks", "passport rules of 2024"),
        check=enough_digits(5),
        words=("passport", "passeport", "pasaporte", "reisepass", "passaporto", "paszport"),
        hint=(rf"{_PASSPORT}[^\d\n.]{{0,32}}\d",),
        anchored=True,
    ),
    Detector(
        "DRIVER_LICENSE",
        re.compile(
            rf"{_LICENSE}[^\d\n.]{{0,22}}?(?<![A-Za-z0-9])"
            r"(?P<v>[A-Z]{0,5}\d(?:-?[A-Z0-9]){4,17})(?![\w])",
            re.IGNORECASE,
        ),
        Feature.DIGITS4,
        "AAMVA: letters and digits by state, announced",
        (("My driver's license number is W95292617", "W95292617"), ("DL# X22569905", "X22569905")),
        ("License: MIT. Version 10.27.16", "a driver's license at 16 or 17"),
        check=enough_digits(5),
        words=("driv", "licen", "dl", "führerschein", "permis de", "carn", "patente"),
        hint=(rf"{_LICENSE}[^\d\n.]{{0,27}}\d",),
        anchored=True,
    ),
    Detector(
        "VEHICLE_PLATE",
        re.compile(
            rf"{_PLATE}"
            r"(?P<v>[A-Z0-9]{1,4}(?:[- ]?[A-Z0-9]{2,5}){1,2})(?![\w-])"
        ),
        Feature.DIGIT,
        "two to three groups of capitals and digits, announced",
        (("plate number KVG3599 is", "KVG3599"), ("matrícula 8408 CHH", "8408 CHH")),
        ("vehicle number one", "plate 12 of 40"),
        check=when(lambda v: any(c.isdigit() for c in v) and any(c.isalpha() for c in v)),
        words=("plate", "vehicle", "registration", "matr", "immatricul", "kennzeichen", "targa"),
        hint=(rf"{_PLATE}[A-Z0-9]",),
        anchored=True,
    ),
)
