"""Replacement: typed placeholders or pseudonyms in place of entities; what was JSON stays JSON.

A placeholder (``<EMAIL>``, ``<PERSON_4821>``) is never found again, so that scrubbing scrubbed text
changes nothing.
"""

import hmac
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import orjson

from flywheel_stream.pii import TYPES, Span

_PLACEHOLDER = re.compile(rf"<(?:{'|'.join(sorted(TYPES, key=len, reverse=True))})(?:_\d{{4}})?>")
_JSON_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|-?\d[\d.eE+-]*+')
_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|.)")

Label = Callable[[str, str], str]
"""Type and value of an entity to the name of its placeholder."""


class Entity(NamedTuple):
    """Personal data in a text: its type, and where, in code points of the input, half-open."""

    type: str
    start: int
    end: int


def by_start(entity: Entity) -> int:
    """What entities of a text are sorted by."""
    return entity.start


def typed(name: str, value: str) -> str:
    """The placeholder of a type: the same for every value."""
    return name


def pseudonyms(secret: bytes, conversation: str) -> Label:
    """Placeholders that tell values apart, and only inside one conversation.

    A value's number is an HMAC-SHA-256 of conversation, type and value, so that it is the same on
    every worker and says nothing of the value. Of ``n`` values of one type in a conversation two
    share a number with a probability of about ``n ** 2 / 18,000``.

    Args:
        secret: of the deployment; another one gives other numbers.
        conversation: what may be linked: a session, or a call where there is none.
    """

    def label(name: str, value: str) -> str:
        same = "".join(c for c in value.casefold() if c.isalnum())
        message = f"{conversation}\0{name}\0{same}".encode("utf-8", "surrogatepass")
        digest = hmac.digest(secret, message, "sha256")
        return f"{name}_{1000 + int.from_bytes(digest[:8], 'big') % 9000}"

    return label


# ---------------------------------------------------------------- spans


def taken_spans(text: str, entities: Iterable[Entity]) -> list[Span]:
    """What must not be found (again): placeholders and entities."""
    spans = [entity[1:] for entity in entities]
    if "<" in text:
        spans += [match.span() for match in _PLACEHOLDER.finditer(text)]
    return spans


def mask(length: int, spans: Iterable[Span]) -> bytearray:
    """One byte a character, 1 where taken: overlaps cost the span's length, however many."""
    out = bytearray(length)
    for start, end in spans:
        out[start:end] = b"\1" * (end - start)
    return out


def masked(text: str, spans: Iterable[Span]) -> str:
    """The text with blanks in place of spans."""
    parts: list[str] = []
    at = 0
    for start, end in sorted(spans):
        parts += (text[at:start], " " * (end - start))
        at = end
    return "".join((*parts, text[at:]))


# ---------------------------------------------------------------- replacement


def replace(text: str, entities: Sequence[Entity], label: Label = typed) -> str:
    """A text with its entities replaced; what was JSON stays JSON.

    Args:
        text: the input.
        entities: sorted, not overlapping.
        label: names the placeholders.
    """
    return replaced(text, entities, label)[0]


def replaced(
    text: str, entities: Sequence[Entity], label: Label = typed
) -> tuple[str, tuple[Entity, ...]]:
    """The text, and the entities as they were replaced."""
    plain = join(text, entities, label)
    if text.lstrip()[:1] not in {"{", "["} or not _is_json(text) or _is_json(plain):
        return plain, tuple(entities)
    fitted, numbers = _fit_json(text, entities)
    return join(text, fitted, label, numbers), fitted


def _fit_json(text: str, entities: Sequence[Entity]) -> tuple[tuple[Entity, ...], frozenset[int]]:
    """Entities that respect the tokens of a JSON text, and the starts of those that are numbers.

    Inside a string no escape is cut; a number is replaced whole.
    """
    fitted: list[Entity] = []
    numbers: set[int] = set()
    waiting = iter(entities)
    entity = next(waiting, None)
    for token in _JSON_TOKEN.finditer(text):
        first, last = token.span()
        while entity is not None and entity.end <= first:
            entity = next(waiting, None)
        touched = False
        while entity is not None and entity.start < last:
            if text[first] != '"':
                if not touched:
                    fitted.append(Entity(entity.type, first, last))
                    numbers.add(first)
                touched = True
            else:
                start, end = _whole_escapes(
                    text, max(entity.start, first + 1), min(entity.end, last - 1), first + 1
                )
                if start < end:
                    fitted.append(Entity(entity.type, start, end))
            if entity.end > last:  # goes on in the next token
                break
            entity = next(waiting, None)
    return tuple(fitted), frozenset(numbers)


def _whole_escapes(text: str, start: int, end: int, first: int) -> Span:
    r"""A span that cuts no escape of the string that begins at ``first``: \n before, \" behind."""
    for at in _escapes_at(text, first, end):
        begin, stop = at
        if begin < start < stop:
            start = stop
        if begin < end < stop:
            end = stop
    return start, end


def _escapes_at(text: str, first: int, end: int) -> Iterator[Span]:
    return (match.span() for match in _ESCAPE.finditer(text, first, end + 5))


def join(
    text: str, entities: Sequence[Entity], label: Label, quoted: frozenset[int] = frozenset()
) -> str:
    """The text with placeholders; in quotes where an entity begins at one of ``quoted``."""
    parts: list[str] = []
    at = 0
    for name, start, end in entities:
        mark = '"' if start in quoted else ""
        parts += (text[at:start], f"{mark}<{label(name, text[start:end])}>{mark}")
        at = end
    return "".join((*parts, text[at:]))


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
