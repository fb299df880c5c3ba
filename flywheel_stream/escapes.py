r"""Texts inside JSON, URLs and HTML: what stands there once escapes are read, and where it lay.

In an answer that is JSON, or in code, a line ends with ``\n``: two characters, of which the second
is a letter, so that the name that follows seems to be the end of a word; in a URL the sign of an
address is ``%40``. So a text with escapes is
looked at a second time as its reader will see it, and what is found is brought back to its place.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from flywheel_stream.replacing import Entity

_ESCAPE = re.compile(
    r'\\(?:u([0-9a-fA-F]{4})|([\\/"bfnrt]))'
    r"|%([2-7][0-9a-fA-F])"
    r"|&#(?:x([0-9a-fA-F]{2,5})|([0-9]{2,6}));"
)
_MEANS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SURROGATES = range(0xD800, 0xE000)


class Unescaped(NamedTuple):
    """A text with its escapes read, and where each of its characters begins and ends in it."""

    text: str
    begins: list[int]
    ends: list[int]

    def back(self, entity: Entity) -> Entity:
        """What was found in ``text``, by its place in the text with escapes; never a part of one."""
        return Entity(entity.type, self.begins[entity.start], self.ends[entity.end - 1])


def may_be_escaped(text: str) -> bool:
    """Whether it is worth while to look for escapes."""
    # A single letter is found at the speed of memory, two take ten times as long.
    return "\\" in text or "%" in text or ("&" in text and "&#" in text)


def unescaped(text: str) -> Unescaped | None:
    """The text as a reader of JSON, of a query or of HTML sees it; ``None`` where that is the same."""
    if not may_be_escaped(text):
        return None
    parts: list[str] = []
    begins: list[int] = []
    ends: list[int] = []
    at = 0
    for match in _ESCAPE.finditer(text):
        start, end = match.span()
        parts += text[at:start], _meant(match)
        begins += range(at, start + 1)
        ends += range(at + 1, start + 1)
        ends.append(end)
        at = end
    if not at:
        return None
    parts.append(text[at:])
    begins += range(at, len(text))
    ends += range(at + 1, len(text) + 1)
    return Unescaped("".join(parts), begins, ends)


def _meant(match: re.Match[str]) -> str:
    code, letter, percent, hexadecimal, decimal = match.groups()
    if letter:
        return _MEANS.get(letter, letter)
    number = int(decimal) if decimal else int(code or percent or hexadecimal, 16)
    return "\N{REPLACEMENT CHARACTER}" if number in _SURROGATES else chr(number)


def united(found: Sequence[Entity], more: Sequence[Entity]) -> list[Entity]:
    """Both, sorted; of those that overlap one that covers them all, of the type of the longest."""
    out: list[Entity] = []
    longest = 0
    for entity in sorted((*found, *more), key=lambda one: (one.start, -one.end)):
        length = entity.end - entity.start
        if out and entity.start < out[-1].end:
            last = out[-1]
            kind = entity.type if length > longest else last.type
            out[-1] = Entity(kind, last.start, max(last.end, entity.end))
        else:
            longest = 0
            out.append(entity)
        longest = max(longest, length)
    return out
