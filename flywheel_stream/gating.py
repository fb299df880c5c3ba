"""Which detectors are worth running on a text: necessary conditions, looked at all at once.

A gate never decides what is personal data; it only spares work. Every gate leads to the same
entities, which a differential test holds them to.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple, Protocol

from flywheel_stream.pii import (
    ANNOUNCING,
    CONTACT_BELOW,
    TABLE,
    UPPER_RANGES,
    Detector,
    Feature,
    announced_strictly,
    features,
    fold,
)

_USER_WORDS, _PASSWORD_WORDS = ("username", "login", "u:"), ("password", "pw", "p:")
"""What scrubadub's detector of credentials wants, one of each."""

_DIGITS7 = int(Feature.DIGITS7)


class Gated(NamedTuple):
    """What a gate says of a text: detectors worth running, and whether scrubadub's are."""

    places: Sequence[int]
    residue: bool


CLEAN = Gated((), residue=False)


class Gate(Protocol):
    """Says, from necessary conditions alone, what is worth running on a text."""

    def __call__(self, text: str) -> Gated:
        """Looks at a text; every gate leads to the same entities."""


class PlainGate:
    """Looks at a text's features, then for one word after the other."""

    def __call__(self, text: str) -> Gated:
        """Looks at a text."""
        has = features(text)
        lower = fold(text)
        places = [
            place
            for place, detector in enumerate(TABLE)
            if _fits(detector, has) and _has_word(detector, lower)
        ]
        return Gated(places, residue=worth_scrubadub(text))


def _fits(detector: Detector, has: int) -> bool:
    return not int(detector.needs) & ~has


def _has_word(detector: Detector, lower: str) -> bool:
    return not detector.words or any(word in lower for word in detector.words)


class HyperscanGate:
    """The same for ASCII texts in one pass of a multi-pattern engine, a hundred times faster.

    Each detector's own pattern is compiled as a prefilter, which may only err on the side of
    letting a text through; what it lets through meets the plain conditions as well. Other texts go
    the plain way: characters outside ASCII mean something else to the engine.
    """

    def __init__(self) -> None:
        import hyperscan  # noqa: PLC0415 - an extra, not to be had everywhere

        self._plain = PlainGate()
        self._found: list[int] = []
        self._database = hyperscan.Database()
        rows = [*_prefilters(), *_residual_prefilters()]
        once = hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_PREFILTER
        caseless = hyperscan.HS_FLAG_CASELESS
        self._database.compile(
            expressions=[pattern.encode("ascii") for _, pattern, _ in rows],
            ids=[number for number, _, _ in rows],
            flags=[once | (caseless if ignore else 0) for _, _, ignore in rows],
        )

    def __call__(self, text: str) -> Gated:
        """Looks at a text."""
        if not text.isascii():
            return self._plain(text)
        found = self._found
        found.clear()
        self._database.scan(text.encode("ascii"), match_event_handler=self._on_match)
        if not found:
            return CLEAN
        hits = set(found)
        if _CONTROL in hits:  # white space to Python, none to the engine
            return self._plain(text)
        residue = _AT in hits or _SEVEN in hits or {_USER, _PASS} <= hits
        if _NAME in hits:
            hits.update(_BY_NAME)
        places = sorted(hit for hit in hits if hit < len(TABLE))
        if places:
            has, lower = features(text), fold(text)
            places = [
                place
                for place in places
                if _fits(TABLE[place], has) and _has_word(TABLE[place], lower)
            ]
        return Gated(places, residue=residue)

    def _on_match(self, number: int, start: int, end: int, flags: int, context: object) -> None:
        self._found.append(number)


_CONTROL, _AT, _SEVEN, _USER, _PASS, _NAME = range(1000, 1006)
_BY_NAME = [i for i, d in enumerate(TABLE) if not d.words and d.needs & Feature.NAME]
"""Detectors of any run of capitalised words with a name in it: the names are what to look for."""
_SIMPLER: dict[str, str] = {
    "IBAN": r"[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11}",
    "DATE_OF_BIRTH": r"\d[^\d\n]?",
}
"""Necessary conditions that the engine finds faster than the pattern itself."""


def _prefilters() -> Iterator[tuple[int, str, bool]]:
    """(place in the table, pattern, whether case counts not) for the engine."""
    for place, detector in enumerate(TABLE):
        if place in _BY_NAME:
            continue
        if detector.words == ("\n",):  # a letterhead: it is the lines below that are rare
            yield place, CONTACT_BELOW.pattern, False
            continue
        if detector.check is announced_strictly and not detector.anchored:
            # A run of capitalised words before certain others: the last of it stands beside them.
            before = detector.pattern.pattern.rpartition("(?=")[2].removesuffix(")")
            yield place, rf"[A-Z][\w'.-]{{1,31}}{before}", False
            continue
        ignore = bool(detector.pattern.flags & re.IGNORECASE)
        simpler = _SIMPLER.get(detector.type)
        if simpler and detector.words:
            yield place, _either(detector.words), True
        elif simpler:
            yield place, simpler, True
        else:
            yield place, _in_ascii(detector.pattern.pattern), ignore


def _residual_prefilters() -> Iterator[tuple[int, str, bool]]:
    yield _CONTROL, r"[\x0b\x1c-\x1f]", False
    yield _AT, "@", False
    yield _SEVEN, r"\d(?:[ \t./()-]{0,64}\d){6}", False
    yield _USER, _either(_USER_WORDS), True
    yield _PASS, _either(_PASSWORD_WORDS), True
    for name in sorted(ANNOUNCING):  # one by one: as one alternation they take seconds to compile
        if name.isascii():
            yield _NAME, rf"\b{_either((name,))}\b", False


def _either(words: Iterable[str]) -> str:
    return f"(?:{_alternatives(words)})"


def _alternatives(words: Iterable[str]) -> str:
    literal = (w for w in sorted(words) if w.isascii())
    return "|".join("".join(c if c.isalnum() else f"\\x{ord(c):02x}" for c in w) for w in literal)


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


@cache
def best_gate() -> Gate:
    """The fastest gate that is installed; one a process, for it takes a second to build."""
    try:
        return HyperscanGate()
    except ImportError:
        return PlainGate()


def worth_scrubadub(text: str) -> bool:
    """Necessary conditions of scrubadub's detectors, as far as ours do not cover them."""
    if "@" in text or features(text) & _DIGITS7:
        return True
    if not text.isascii() and any(c.isdecimal() and not c.isascii() for c in text):
        return True  # full-width and Arabic digits are digits to a phone
    lower = text.lower()
    return any(word in lower for word in _USER_WORDS) and any(
        word in lower for word in _PASSWORD_WORDS
    )
