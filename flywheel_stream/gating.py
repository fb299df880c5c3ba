"""Which detectors are worth running on a text: necessary conditions, looked at all at once.

A gate never decides what is personal data; it only spares work. Every gate leads to the same
entities, which a differential test holds them to.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache, partial
from hashlib import blake2b
from importlib.metadata import version
from typing import Any, NamedTuple, Protocol

from flywheel_stream.hints import (
    LINE_END,
    PASSWORD_WORDS,
    USER_WORDS,
    Mark,
    Row,
    first_pass,
    second_pass,
)
from flywheel_stream.pii import TABLE, Feature, features, fold

_DIGITS7 = int(Feature.DIGITS7)


class Gated(NamedTuple):
    """What a gate says of a text: detectors worth running, and whether scrubadub's are."""

    places: Sequence[int]
    residue: bool


CLEAN = Gated((), residue=False)


class Gate(Protocol):
    """Says, from necessary conditions alone, what is worth running on texts."""

    def __call__(self, texts: Sequence[str]) -> list[Gated]:
        """Looks at each of a batch of texts; every gate leads to the same entities."""


class Shelf(Protocol):
    """Where compiled patterns are kept between runs: compiling them takes seconds."""

    def get(self, name: str) -> bytes | None:
        """What was put under a name, if it is there and whole."""

    def put(self, name: str, value: bytes) -> None:
        """Keeps a value; may fail silently."""


class PlainGate:
    """Looks at a text's features, then for one word after the other."""

    def __call__(self, texts: Sequence[str]) -> list[Gated]:
        """Looks at texts."""
        every = range(len(TABLE))
        return [Gated(_worth_running(every, text), worth_scrubadub(text)) for text in texts]


def _worth_running(places: Collection[int], text: str) -> list[int]:
    wanted = 0
    for place in places:
        wanted |= _NEEDS[place]
    has = features(text, wanted)
    return _with_words([place for place in places if not _NEEDS[place] & ~has], fold(text))


_NEEDS = tuple(int(detector.needs) for detector in TABLE)


def _with_words(places: Iterable[int], lower: str) -> list[int]:
    """The places whose entry wants no word and no context, or such as are in the text."""
    worth = []
    for place in places:
        for words in _WORDS[place]:
            for word in words:  # a generator would cost more than the search
                if word in lower:
                    break
            else:
                break
        else:
            worth.append(place)
    return worth


_WORDS = tuple(
    tuple(words for words in (detector.words, detector.context) if words) for detector in TABLE
)


class HyperscanGate:
    """The same in one or two passes of a multi-pattern engine, ten to a hundred times faster.

    Most texts end with the first pass, which looks for hints; see ``hints``. What it lets through
    meets the second pass, if it is ASCII, and else the plain conditions.
    """

    def __init__(self, shelf: Shelf | None = None) -> None:
        rows, self._places = first_pass()
        self._found: list[int] = []
        self._scan_hints = _scanner(rows, self._on_match, shelf)
        # By themselves: names take half of the time of this pass, and numbers the least of it.
        self._scan_patterns = [
            (
                frozenset(row.number for row in rows),
                _scanner(rows, self._on_match, shelf, prefilter=True),
            )
            for rows in second_pass()
        ]
        self._plain = PlainGate()

    def __call__(self, texts: Sequence[str]) -> list[Gated]:
        """Looks at texts: the first pass over all of them, then the second over what it leaves.

        Pass by pass the tables of the engine stay in the cache: a tenth of the time that a text
        with personal data takes in all.
        """
        raws = [text.encode("utf-8", "surrogatepass") for text in texts]
        hinted = self._hints(raws)
        return [
            self._worth(text, raw, hints) if hints else CLEAN
            for text, raw, hints in zip(texts, raws, hinted, strict=True)
        ]

    def _hints(self, raws: Iterable[bytes]) -> list[frozenset[int]]:
        found, scan = self._found, self._scan_hints
        found.clear()
        hinted = []
        for raw in raws:
            scan(raw + LINE_END)
            if found:
                hinted.append(frozenset(found))
                found.clear()
            else:
                hinted.append(_NOTHING)
        return hinted

    def _worth(self, text: str, raw: bytes, hints: frozenset[int]) -> Gated:
        if Mark.ODD in hints:
            return self._plain((text,))[0]
        residue = not hints.isdisjoint(_RESIDUAL) or (
            Mark.USER in hints and _names_a_password(text.lower())
        )
        places: set[int] = set()
        for hint in hints:
            places.update(self._places.get(hint, ()))
        if not places:
            return Gated((), residue=residue)
        if not text.isascii():
            return Gated(_worth_running(sorted(places), text), residue=residue)
        self._found.clear()
        for own, scan in self._scan_patterns:
            if not own.isdisjoint(places):
                scan(raw)
        places.intersection_update(self._found)
        return Gated(_with_words(sorted(places), fold(text)), residue=residue)

    def _on_match(self, number: int, start: int, end: int, flags: int, context: object) -> None:
        self._found.append(number)


_NOTHING: frozenset[int] = frozenset()
_RESIDUAL = frozenset((Mark.AT, Mark.SEVEN))


def _scanner(
    rows: Sequence[Row],
    on_match: Callable[..., None],
    shelf: Shelf | None,
    *,
    prefilter: bool = False,
) -> Callable[[bytes], Any]:
    """Compiles patterns, or takes them from a shelf; each is reported at most once a text."""
    import hyperscan as hs  # noqa: PLC0415 - an extra, not to be had everywhere

    digest = blake2b(repr((rows, prefilter, version("hyperscan"))).encode(), digest_size=12)
    name = f"hyperscan-{digest.hexdigest()}"
    kept = shelf.get(name) if shelf else None
    database = _loaded(kept) if kept else None
    if database is None:
        database = _compiled(rows, prefilter=prefilter)
        if shelf:
            shelf.put(name, hs.dumpb(database))
    return partial(database.scan, match_event_handler=on_match)


def _loaded(kept: bytes) -> Any:
    """A database that was compiled before, unless it is damaged or of another processor."""
    import hyperscan as hs  # noqa: PLC0415 - as above

    try:
        database = hs.loadb(kept, hs.HS_MODE_BLOCK)
        database.scratch = hs.Scratch(database)
    except hs.error:
        return None
    return database


def _compiled(rows: Sequence[Row], *, prefilter: bool) -> Any:
    import hyperscan as hs  # noqa: PLC0415 - as above

    once = hs.HS_FLAG_SINGLEMATCH | (hs.HS_FLAG_PREFILTER if prefilter else 0)
    database = hs.Database()
    database.compile(
        expressions=[row.pattern.encode("ascii") for row in rows],
        ids=[row.number for row in rows],
        flags=[once | (hs.HS_FLAG_CASELESS if row.caseless else 0) for row in rows],
    )
    return database


@cache
def best_gate(shelf: Shelf | None = None) -> Gate:
    """The fastest gate that is installed; one a process, for it takes seconds to build."""
    try:
        return HyperscanGate(shelf)
    except ImportError:
        return PlainGate()


_FOREIGN = re.compile(r"(?![0-9])\d|[0-9][ \t./()-]*+[^\x00-\x7f]")
"""Full-width and Arabic digits, and spaces and dashes outside ASCII, are a phone number's too."""


def worth_scrubadub(text: str) -> bool:
    """Necessary conditions of scrubadub's detectors, as far as ours do not cover them."""
    if "@" in text or features(text, _DIGITS7) & _DIGITS7:
        return True
    if not text.isascii() and _FOREIGN.search(text):
        return True
    lower = text.lower()
    return any(word in lower for word in USER_WORDS) and _names_a_password(lower)


def _names_a_password(lower: str) -> bool:
    return any(word in lower for word in PASSWORD_WORDS)
