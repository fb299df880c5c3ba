"""The noun of this package: one kind of personal data, and how to find it."""

import re
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from flywheel_stream.pii.needs import Feature

Span: TypeAlias = tuple[int, int]
Check: TypeAlias = Callable[[re.Match[str]], Span | None]


class Detector(NamedTuple):
    """One kind of personal data, and how to find it.

    ``words``, in lower case: one of them must be in the text. With ``anchored`` the pattern is
    tried only where one of them begins. ``context``: words, one of which must stand within
    ``reach`` characters before the match. The span is the group ``v`` unless ``check`` narrows it.
    ``hint``: simple patterns, one of which every match holds, for the first look at a text, and
    ``hinting``: words as they are written, one of which every match holds; ``hints`` says which
    are cheap. An entry without them is woken by seven digits, its words, or its pattern's head. ``first``: what every match begins with, one
    character wide, so that the pattern is tried only there; with ``around``, only within
    ``AROUND`` characters before one of those.
    """

    type: str
    pattern: re.Pattern[str]
    needs: Feature
    source: str
    hits: tuple[tuple[str, str], ...]  # text, value found in it
    misses: tuple[str, ...]
    check: Check | None = None
    words: tuple[str, ...] = ()
    anchored: bool = False
    context: tuple[str, ...] = ()
    reach: int = 40
    hint: tuple[str, ...] = ()
    hinting: frozenset[str] = frozenset()
    first: str = ""
    around: tuple[str, ...] = ()


AROUND = 66
"""The longest local part of an address (64, RFC 5321) and what may stand behind it."""

_BEHIND = re.compile(r"\(\?<([!=])((?:\\.|\[(?:\\.|[^\]\\])*\]|[^()\\\[])*)\)")


def beginning(detector: Detector) -> re.Pattern[str] | None:
    """Where a match may begin: the first character, with what the pattern asks to stand before it.

    A pattern that begins with a look behind is tried by ``re`` at every character; one that begins
    with a class of characters is searched for five to ten times faster.
    """
    if not detector.first:
        return None
    behind, _ = _looks_behind(detector)
    char, ahead, rest = detector.first.partition("(?=")
    return re.compile("".join((char, *behind, ahead, rest)), detector.pattern.flags)


_CLASS = re.compile(r"(?:\(\?P<\w+>)?(?:\[(?:\\.|[^\]\\])*\]|\\d)(?![?*+{|])")


def from_its_start(detector: Detector) -> re.Pattern[str] | None:
    """The pattern as one that begins with a class of characters, where that is what it begins with.

    Looks behind stand after its first character then: the same is found, and all of the search is
    done in C. ``None`` where the pattern begins otherwise, or where case does not count.
    """
    behind, at = _looks_behind(detector)
    head = _CLASS.match(detector.pattern.pattern, at)
    if head is None or not behind or detector.pattern.flags & re.IGNORECASE:
        return None
    _, ahead, rest = detector.first.partition("(?=")
    tail = detector.pattern.pattern[head.end() :]
    return re.compile("".join((head[0], *behind, ahead, rest, tail)), detector.pattern.flags)


def _looks_behind(detector: Detector) -> tuple[list[str], int]:
    """What a pattern asks to stand before it, as asked behind its first character; where it ends."""
    behind = []
    at = 0
    while found := _BEHIND.match(detector.pattern.pattern, at):
        behind.append(rf"(?<{found[1]}{found[2]}[\s\S])")
        at = found.end()
    return behind, at
