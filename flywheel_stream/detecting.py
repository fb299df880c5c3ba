"""What the table of detectors finds in a text: how each entry is searched for, and who names what."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

from flywheel_stream.gating import PlainGate
from flywheel_stream.pii import (
    AROUND,
    TABLE,
    Detector,
    Span,
    beginning,
    fold,
    from_its_start,
)
from flywheel_stream.replacing import Entity, by_start, mask, taken_spans

Matches: TypeAlias = Iterable[re.Match[str]]
Search: TypeAlias = Callable[[str, str], Matches]
"""A text, and the same in lower case, to what a pattern matches in it: in order, none in another."""


def find(
    text: str, places: Sequence[int] | None = None, before_each: Callable[[], None] | None = None
) -> list[Entity]:
    """What the table finds in a text, sorted; of two that overlap the earlier entry names it.

    Args:
        text: any text.
        places: places in the table of the detectors that are worth running; else all that are.
        before_each: called before each detector; what it raises ends the search.
    """
    if places is None:
        places = PlainGate()((text,))[0].places
    if not places:
        return []
    lower = fold(text)
    taken: bytearray | None = None
    found: list[Entity] = []
    known: dict[int, list[re.Match[str]]] = {}
    for place in places:
        if before_each is not None:
            before_each()
        for start, end in spans(place, text, lower, known):
            if taken is None:
                taken = mask(len(text), taken_spans(text, ()))
            if start < end and taken.find(1, start, end) < 0:
                taken[start:end] = b"\1" * (end - start)
                found.append(Entity(TABLE[place].type, start, end))
    found.sort(key=by_start)
    return found


class _Plan(NamedTuple):
    """How an entry is run."""

    entry: Detector
    search: Search
    shares: int | None
    """The first entry with the same pattern, if there are several: they share what it matches."""


def spans(place: int, text: str, lower: str, known: dict[int, list[re.Match[str]]]) -> list[Span]:
    """What one entry finds by itself.

    Args:
        place: of the entry in the table.
        text: any text.
        lower: the same, folded.
        known: what patterns that several entries share match in this text, as far as known.
    """
    entry, search, shares = _PLANS[place]
    check, context = entry.check, entry.context
    matched: Matches
    if shares is None:
        matched = search(text, lower)
    elif shares in known:
        matched = known[shares]
    else:
        matched = known[shares] = list(search(text, lower))
    found = []
    for match in matched:
        if context and not _in_context(context, lower, match.start(), entry.reach):
            continue
        span = check(match) if check is not None else match.span("v")
        if span is not None:
            found.append(span)
    return found


def _in_context(context: Sequence[str], lower: str, start: int, reach: int) -> bool:
    before = lower[max(0, start - reach) : start]
    return any(word in before for word in context)


# ---------------------------------------------------------------- ways to search


def _search(detector: Detector) -> Search:
    if detector.first and not detector.around and (whole := from_its_start(detector)):
        return _all_of(whole)
    begin = beginning(detector)
    if begin is not None and detector.around:
        return partial(_around, detector.pattern, begin, detector.around)
    if begin is not None:
        return partial(_begun, detector.pattern, begin)
    if detector.anchored:
        return partial(_anchored, detector.pattern, detector.words)
    return _all_of(detector.pattern)


def _all_of(pattern: re.Pattern[str]) -> Search:
    return lambda text, _: pattern.finditer(text)


def _begun(pattern: re.Pattern[str], begin: re.Pattern[str], text: str, _: str) -> Matches:
    """What ``finditer`` finds, looked for only where a match may begin."""
    return _begun_between(pattern, begin, text, ((0, len(text)),))


def _around(
    pattern: re.Pattern[str], begin: re.Pattern[str], words: Sequence[str], text: str, lower: str
) -> Matches:
    """The same, and only shortly before one of some words."""
    return _begun_between(pattern, begin, text, _windows(words, lower))


def _begun_between(
    pattern: re.Pattern[str], begin: re.Pattern[str], text: str, windows: Iterable[Span]
) -> Iterator[re.Match[str]]:
    end = 0
    match_at = pattern.match
    for start, stop in windows:
        for candidate in begin.finditer(text, max(start, end), stop):
            at = candidate.start()
            if at >= end and (match := match_at(text, at)):
                end = match.end()
                yield match


def _windows(words: Sequence[str], lower: str) -> list[Span]:
    places = sorted(at for word in words for at in _places(word, lower))
    windows: list[Span] = []
    for at in places:
        start = max(at - AROUND, windows[-1][1] if windows else 0)
        windows.append((start, at))
    return windows


def _anchored(
    pattern: re.Pattern[str], words: Sequence[str], text: str, lower: str
) -> Iterator[re.Match[str]]:
    places = {at for word in words for at in _places(word, lower)}
    for place in sorted(places):
        match = pattern.match(text, place)
        if match:
            yield match


def _places(word: str, lower: str) -> Iterator[int]:
    at = lower.find(word)
    while at >= 0:
        yield at
        at = lower.find(word, at + 1)


# ---------------------------------------------------------------- the plans


def _plans() -> tuple[_Plan, ...]:
    first: dict[re.Pattern[str], int] = {}
    owners = [first.setdefault(entry.pattern, place) for place, entry in enumerate(TABLE)]
    return tuple(
        _Plan(entry, _search(entry), owner if owners.count(owner) > 1 else None)
        for entry, owner in zip(TABLE, owners, strict=True)
    )


_PLANS = _plans()
