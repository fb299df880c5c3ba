"""What a text must contain before a detector is worth running."""

import re
from enum import IntFlag


class Feature(IntFlag):
    """What a text must contain before a detector is worth running; see ``features``."""

    NONE = 0
    DIGIT = 1
    DIGITS4 = 2  # a run of four digits, separators left out
    DIGITS7 = 4  # the same, seven
    COLON = 16
    LONG = 64  # a run of sixteen letters, digits and _ - . + /
    QUERY = 128  # an equals sign, or :// and @
    CAPITAL = 512


_DIGITS = b"0123456789"
_RUN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.+/"
_TO_ZERO = bytes.maketrans(_DIGITS, b"0" * 10)
_TO_RUN = bytes.maketrans(_RUN, b"a" * len(_RUN))
_SEPARATORS = b" -./()\t"
_CAPITALISED = re.compile(r"[A-ZÀ-ÖØ-ÞĀ-ſƏƠƯẠ-ỹ][\w'’.-]")


def fold(text: str) -> str:
    """The text in lower case, position by position (``str.lower`` makes two of one letter, İ)."""
    lower = text.lower()
    return lower if len(lower) == len(text) else text.replace("İ", "I").lower()


_OF_DIGITS = 1 | 2 | 4


def features(text: str, wanted: int = ~0) -> int:
    """Necessary conditions for the detectors, in a few scans at the speed of memory.

    Args:
        text: any text.
        wanted: the features that are of interest; others may be left out.
    """
    raw = text.encode("utf-8", "surrogatepass")
    found = _digit_features(raw) if wanted & _OF_DIGITS else 0
    if ":" in text:
        found |= 16
    if "=" in text or (found & 16 and "@" in text):
        found |= 128
    if wanted & 64 and b"a" * 16 in raw.translate(_TO_RUN):
        found |= 64
    if wanted & 512 and _CAPITALISED.search(text):
        found |= 512
    return found


def _digit_features(raw: bytes) -> int:
    digits = raw.translate(_TO_ZERO, _SEPARATORS)
    if b"0" not in digits:
        return 0
    if b"0000000" in digits:
        return 1 | 2 | 4
    return 1 | 2 if b"0000" in digits else 1
