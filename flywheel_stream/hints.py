r"""What a text must hold before a detector can find anything in it, as one pass of an engine sees it.

Two sets of patterns for a multi-pattern engine (Hyperscan's dialect, over UTF-8 bytes). Both may
only err on the side of letting a text through. The first is cheap and says nothing of most texts:
a hint of each detector, which is its ``hint``, or the beginning of its pattern, or its words and
digits. The second, for ASCII texts that the first lets through, is each detector's own pattern.
"""

import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import cache
from typing import NamedTuple

from flywheel_stream.pii import (
    CONTACT_BELOW,
    TABLE,
    UPPER_RANGES,
    Detector,
    Feature,
    announced_strictly,
)

USER_WORDS, PASSWORD_WORDS = ("username", "login", "u:"), ("password", "pw", "p:")
"""What scrubadub's detector of credentials wants, one of each."""


class Row(NamedTuple):
    """A pattern for the engine, which reports ``number``."""

    number: int
    pattern: str
    caseless: bool = False


class Mark(IntEnum):
    """Numbers that are no place in the table."""

    ODD = 1000  # characters that mean something else to Python
    AT = 1001
    SEVEN = 1002
    USER = 1003


_WORDS = 10_000
"""Numbers of words; each speaks for the places that it is a hint for."""
_SEPARATED = r"[ \t./()-]*"

LINE_END = b"\n"
"""The first pass reads each text with this behind it, so that the last word ends as others do."""


# ---------------------------------------------------------------- the first pass


def first_pass() -> tuple[list[Row], dict[int, tuple[int, ...]]]:
    r"""The cheap patterns, and the places in the table that each number speaks for.

    What costs (Hyperscan 5.4, microseconds a kilobyte): 2,000 plain words 0.5 and 10,000 only 0.7,
    however they are cut, but the same 2,000 as one tree of alternatives 4. A pattern without a word
    in it (``[A-Z] \d``) 0.7 to 1.0, but next to nothing if it begins with a digit: those share one
    automaton that skips to the next digit. What stands before a word must be a few characters
    long, or it is looked for at every character (up to 4). A combination of patterns costs every
    short text 0.5, so that each hint is to say all by itself.
    """
    rows = [*_marks()]
    places: dict[int, list[int]] = {}
    words: dict[int, list[int]] = {}
    numbers: dict[tuple[str, ...], int] = {}
    for place, detector in enumerate(TABLE):
        if detector.hint or detector.hinting:
            key = (*detector.hint, *sorted(detector.hinting))
            number = numbers.setdefault(key, place)  # some have the same hint
            if number == place:
                rows += _hinted(place, detector)
                written = _one_by_one(detector.hinting, _WORDS + len(words))
                rows += written
                words |= {row.number: places.setdefault(place, []) for row in written}
        elif detector.needs & Feature.DIGITS7:
            number = Mark.SEVEN
        else:
            number = place
            rows.append(_derived(place, detector))
        places.setdefault(number, []).append(place)
    return rows, {number: tuple(found) for number, found in (places | words).items()}


def _hinted(place: int, detector: Detector) -> Iterator[Row]:
    for hint in detector.hint:
        yield Row(place, _widened(hint, edges=True), _is_caseless(detector))


def _is_caseless(detector: Detector) -> bool:
    return bool(detector.pattern.flags & re.IGNORECASE)


def _derived(place: int, detector: Detector) -> Row:
    """A hint from the detector's own pattern or words."""
    if detector.anchored:
        return Row(place, _widened(_beginning(detector)), _is_caseless(detector))
    assert detector.words, f"{detector.type} needs a hint"  # noqa: S101
    return Row(place, "|".join(map(_any_case, sorted(detector.words))), caseless=True)


def _beginning(detector: Detector) -> str:
    """The pattern as far as the value's first letter, where that has to be a capital."""
    head, _, value = detector.pattern.pattern.partition("(?P<v>")
    upper = f"[A-Z{UPPER_RANGES}]"
    return head + (upper if value.lstrip("(?:").startswith(upper) else "")


def _marks() -> Iterator[Row]:
    yield Row(Mark.ODD, _odd())
    yield Row(Mark.AT, "@")
    yield Row(Mark.SEVEN, rf"\d(?:{_SEPARATED}\d){{6}}")
    yield Row(Mark.USER, "|".join(map(_any_case, USER_WORDS)), caseless=True)


_LONG_WORD = 6
"""Letters; so long a word hardly ever begins another one, and is cheapest without its edges."""


def _one_by_one(words: Iterable[str], number: int) -> list[Row]:
    """Words as they are written; as one alternation they would cost ten times as much.

    Each has a number of its own: under one number, 10,000 take half a minute to compile instead of
    a second.
    """
    patterns: list[str] = []
    found = ""
    for word in sorted(words):
        if len(word) < _LONG_WORD:
            patterns.append(_escaped(word.encode()) + _NO_WORD)
        elif not (found and word.startswith(found)):
            found = word
            patterns.append(_escaped(word.encode()))
    return [Row(number + i, pattern) for i, pattern in enumerate(patterns)]


def _odd() -> str:
    """What Python reads otherwise: white space, digits and the case of some letters."""
    odd = ["\u0130", "\u0131", "\u017f", "\u212a"]  # equal to i, s and k where case counts not
    letters = "|".join(_escaped(c.encode()) for c in odd)
    parted = rf"\d{_SEPARATED}[\x80-\xff]"  # digits parted by spaces and dashes of other kinds
    return rf"[\x0b\x1c-\x1f]|{letters}|{parted}|{_foreign_digits()}"


@cache
def _foreign_digits() -> str:
    """Decimal digits outside ASCII, as bytes; they come in runs of ten."""
    runs = []
    for code in range(128, sys.maxunicode + 1):
        if unicodedata.decimal(chr(code), None) == 0:
            first, last = chr(code).encode(), chr(code + 9).encode()
            if first[:-1] == last[:-1]:
                runs.append(rf"{_escaped(first[:-1])}[\x{first[-1]:02x}-\x{last[-1]:02x}]")
            else:
                runs += [_escaped(chr(code + i).encode()) for i in range(10)]
    return "|".join(runs)


def _escaped(raw: bytes) -> str:
    return "".join(chr(b) if chr(b).isalnum() and b < 128 else f"\\x{b:02x}" for b in raw)


def _any_case(word: str) -> str:
    return "".join(_escaped(c.encode()) if c.isascii() else _cases(c) for c in word)


@cache
def _cases(letter: str) -> str:
    """A letter outside ASCII in either case, as bytes."""
    letters = {letter, *(c for c in map(chr, (*range(128, 0x250), 0x1E9E)) if c.lower() == letter)}
    return f"(?:{'|'.join(_escaped(c.encode()) for c in sorted(letters))})"


# ---------------------------------------------------------------- patterns over bytes

_HIGH = r"\x80-\xff"
_LOOKING = re.compile(r"\(\?<?[=!](?:\\.|\[(?:\\.|[^\]\\])*\]|[^()\\\[])*\)")
_TOKEN = re.compile(
    r"(?P<atom>\\.|\[(?:\\.|[^\]\\])*\]|[^\x00-\x7f]|\.)(?P<many>\{\d+(?:,\d*)?\}|[?*+])?[?+]?"
    r"|(?P<else>[\s\S])",
)


_NO_WORD = "[^0-9A-Za-z_]"
_EDGE = re.compile(r"(?<![\\\w])\\b(?=[A-Za-z])|(?<=[^\\][A-Za-z])\\b")
"""An edge of a word beside a letter of ASCII: there bytes say the same as characters."""


def _widened(pattern: str, *, edges: bool = False) -> str:
    r"""A pattern over UTF-8 bytes that matches wherever the given one does, and maybe elsewhere.

    Args:
        pattern: in Python's dialect.
        edges: keep ``\b`` beside a letter of ASCII; one at the end wants something behind it.
    """

    def token(match: re.Match[str]) -> str:
        if edges and match["atom"] == r"\b" and _EDGE.match(match.string, match.start()):
            return r"\b" if match.end() < len(match.string) else _NO_WORD
        return _widened_token(match)

    return _TOKEN.sub(token, _LOOKING.sub("", pattern)).removesuffix("{1,4}")


def _widened_token(match: re.Match[str]) -> str:
    atom, many = match["atom"], match["many"] or ""
    if atom is None:
        return match["else"]
    if atom in {r"\b", r"\B"}:
        return ""
    if not atom.isascii() and len(atom) == 1:
        return _cases(atom.lower()) + many
    wide = _WIDE.get(atom) or (_wide_class(atom) if atom[0] == "[" else None)
    if wide is None:
        return atom + many
    return wide + _in_bytes(many)


_WIDE = {
    r"\w": rf"[\w{_HIGH}]",
    r"\s": rf"[\s{_HIGH}]",
    **{atom: atom for atom in (r"\W", r"\S", r"\D", ".")},
}


def _wide_class(atom: str) -> str | None:
    """A class that takes the bytes of characters outside ASCII, if the given one takes those."""
    negated = atom.startswith("[^")
    inside = atom.replace(r"\u00c0-\uffff", "\u00ff")
    plain = "".join(c for c in inside.replace(UPPER_RANGES, "\u00ff") if c.isascii())
    if negated:
        return plain
    if len(plain) == len(atom) and not re.search(r"\\[wsWSD]", atom):
        return None
    return f"[{_HIGH}{plain[1:]}"


def _in_bytes(many: str) -> str:
    """How often, of a character that is up to four bytes long."""
    if many in {"*", "+"}:
        return many
    if not many:
        return "{1,4}"
    if many == "?":
        return "{0,4}"
    least, _, most = many[1:-1].partition(",")
    if "," in many and not most:
        return many
    return f"{{{least},{4 * int(most or least)}}}"


# ---------------------------------------------------------------- the second pass

_SIMPLER: dict[str, str] = {
    "IBAN": r"[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11}",
    "DATE_OF_BIRTH": r"\d[^\d\n]?",
}
"""Necessary conditions that the engine finds faster than the pattern itself."""

_GROUPS: dict[str, str] = {
    "PERSON": "names",
    **dict.fromkeys(
        ("IBAN", "CREDIT_CARD", "NATIONAL_ID", "US_SSN", "BANK_ROUTING", "BANK_ACCOUNT", "PHONE"),
        "numbers",
    ),
}
"""Types that are looked for apart from the others, by what they are."""


def second_pass() -> list[list[Row]]:
    """Each detector's own pattern, for ASCII texts; in groups, as one hint wakes one of them."""
    groups: dict[str, list[Row]] = {}
    for place, detector in enumerate(TABLE):
        group = _GROUPS.get(detector.type, "")
        groups.setdefault(group, []).append(Row(place, *_own(detector)))
    return list(groups.values())


def _own(detector: Detector) -> tuple[str, bool]:
    if detector.words == ("\n",):
        return CONTACT_BELOW.pattern, False
    if detector.check is announced_strictly and not detector.anchored:
        # A run of capitalised words before certain others: the last of it stands beside them.
        before = detector.pattern.pattern.rpartition("(?=")[2].removesuffix(")")
        return rf"[A-Z][\w'.-]{{1,31}}{before}", False
    simpler = _SIMPLER.get(detector.type)
    if simpler and detector.words:
        return _either(detector.words), True
    if simpler:
        return simpler, True
    ignore = bool(detector.pattern.flags & re.IGNORECASE)
    return _in_ascii(detector.pattern.pattern), ignore


def _either(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(_escaped(w.encode()) for w in sorted(words) if w.isascii())})"


def _in_ascii(pattern: str) -> str:
    """A pattern that matches the ASCII texts that the given one matches, and maybe more."""
    plain = pattern.replace(UPPER_RANGES, "").replace(r"\u00c0-\uffff", "")
    plain = "".join(c for c in plain if c.isascii()).replace(r"\Z", r"\z")
    head, ahead, tail = plain.rpartition("(?=")
    if ahead and _closes_at_its_end(tail):
        # The engine forgets what it may only look at; at the end of a pattern it may consume it.
        return f"{head}(?:{tail}"
    return plain


def _closes_at_its_end(tail: str) -> bool:
    """Whether the group that is open before ``tail`` closes with its last character."""
    bare = re.sub(r"\\.|\[[^\]]*\]", "_", tail)  # without escapes and character classes
    depth = 1
    for place, char in enumerate(bare):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return place == len(bare) - 1
    return False
