"""Scrubbing: finds personal data and secrets by the table, resolves overlaps, replaces.

Our own detectors run first, each behind the cheap conditions of its entry; scrubadub's run on what
is left, behind a gate of their own. Placeholders (``<EMAIL>``) are never found again, so scrubbing
scrubbed text changes nothing.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from importlib.metadata import version as installed
from typing import Any, NamedTuple

import orjson

from flywheel_stream.errors import ScrubError
from flywheel_stream.gating import Gate, PlainGate, best_gate, worth_scrubadub
from flywheel_stream.pii import (
    TABLE,
    TYPES,
    Detector,
    Span,
    fold,
)
from flywheel_stream.pii import version as table_version

_PLACEHOLDER = re.compile(rf"<(?:{'|'.join(sorted(TYPES, key=len, reverse=True))})>")

MAX_REMEMBERED, MAX_REMEMBERED_CHARS = 4096, 2048
"""Clean texts that are remembered, and their size."""


SCRUBADUB_TYPES = {
    "email": "EMAIL",
    "credit_card": "CREDIT_CARD",
    "social_security_number": "US_SSN",
    "credential": "PASSWORD",
    "phone": "PHONE",
}
"""Types of scrubadub's filth as we name them; its URL and Twitter detectors find no persons."""

_SCRUBADUB_DETECTORS = ("email", "credit_card", "social_security_number", "credential", "phone")


class Entity(NamedTuple):
    """Personal data in a text: its type, and where, in code points of the input, half-open."""

    type: str
    start: int
    end: int


class Scrubbed(NamedTuple):
    """A scrubbed text; the entities refer to the input, are sorted and do not overlap."""

    text: str
    entities: tuple[Entity, ...]


class Scrubber:
    """Replaces personal data by typed placeholders.

    Args:
        secret: keys the hashes of users and sessions.
        gate: says what is worth running; by default the fastest that is installed.
    """

    def __init__(self, *, secret: bytes = b"", gate: Gate | None = None) -> None:
        self._secret = secret[:64]
        self._residue = _scrubadub()
        self._gate = gate or best_gate()
        self._known: dict[str, Scrubbed] = {}
        self.version = f"{table_version()}+scrubadub-{installed('scrubadub')}"

    def scrub(self, texts: Sequence[str]) -> list[Scrubbed]:
        """Scrubs a batch of texts.

        Raises:
            ScrubError: a detector failed; no text may be passed on.
        """
        try:
            return [self._scrub(text) for text in texts]
        except (ValueError, TypeError, LookupError, RecursionError, MemoryError) as error:
            # The error's own text may hold the text that it failed on.
            raise ScrubError(f"A detector failed with {type(error).__name__}.") from None

    def _scrub(self, text: str) -> Scrubbed:
        known = self._known.get(text)
        if known is not None:  # system prompts and canned answers come again and again
            return known
        places, residue = self._gate(text)
        if not places and not residue:
            return self._remember(Scrubbed(text, ()))
        entities = find(text, places)
        left = replace(text, entities) if entities else text
        if residue and (not entities or worth_scrubadub(left)):
            entities = sorted([*entities, *self._residual(text, entities)], key=_start)
        if not entities:
            return self._remember(Scrubbed(text, ()))
        return Scrubbed(replace(text, entities), tuple(entities))

    def _remember(self, scrubbed: Scrubbed) -> Scrubbed:
        """Remembers a clean text that may come again; never one with personal data."""
        if len(scrubbed.text) <= MAX_REMEMBERED_CHARS:
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            self._known[scrubbed.text] = scrubbed
        return scrubbed

    def _residual(self, text: str, entities: Sequence[Entity]) -> Iterator[Entity]:
        """What scrubadub finds where ours found nothing; positions stay those of the input."""
        taken = _taken(text, entities)
        masked = _masked(text, taken)
        spans = [(filth.beg, filth.end, filth.type) for filth in self._residue.iter_filth(masked)]
        for start, end, name in sorted(spans):
            if name in SCRUBADUB_TYPES and not _overlaps(taken, start, end):
                taken.append((start, end))
                yield Entity(SCRUBADUB_TYPES[name], start, end)

    def scrub_values(self, value: object) -> object:
        """A JSON value with each string inside it scrubbed, keys too.

        Raises:
            ScrubError: a detector failed.
        """
        if isinstance(value, str):
            return self.scrub([value])[0].text
        if isinstance(value, list):
            return [self.scrub_values(item) for item in value]
        if isinstance(value, dict):
            return {str(self.scrub_values(k)): self.scrub_values(v) for k, v in value.items()}
        return value

    def hash_id(self, kind: str, value: str) -> str:
        """A keyed hash of an id: the kind's first letter, ``_`` and 16 hex digits."""
        raw = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
        return f"{kind[0]}_{blake2b(raw, digest_size=8, key=self._secret).hexdigest()}"


def counts(found: Iterable[Iterable[Entity]]) -> dict[str, int]:
    """How often each type occurs, by type."""
    tally = Counter(entity.type for entities in found for entity in entities)
    return dict(sorted(tally.items()))


def find(text: str, places: Sequence[int] | None = None) -> list[Entity]:
    """What the table finds in a text, sorted; of two that overlap the earlier entry names it.

    Args:
        text: any text.
        places: places in the table of the detectors that are worth running; else all that are.
    """
    if places is None:
        places = PlainGate()(text).places
    if not places:
        return []
    lower = fold(text)
    taken: list[Span] | None = None
    found: list[Entity] = []
    for place in places:
        detector = TABLE[place]
        for start, end in _spans(detector, text, lower):
            if taken is None:
                taken = _taken(text, ())
            if start < end and not _overlaps(taken, start, end):
                taken.append((start, end))
                found.append(Entity(detector.type, start, end))
    found.sort(key=_start)
    return found


def _spans(detector: Detector, text: str, lower: str) -> Iterator[Span]:
    matches = (
        _anchored(detector, text, lower) if detector.anchored else detector.pattern.finditer(text)
    )
    for match in matches:
        if detector.context and not _in_context(detector, lower, match.start()):
            continue
        span = detector.check(match) if detector.check else match.span("v")
        if span is not None:
            yield span


def _anchored(detector: Detector, text: str, lower: str) -> Iterator[re.Match[str]]:
    places: set[int] = set()
    for word in detector.words:
        at = lower.find(word)
        while at >= 0:
            places.add(at)
            at = lower.find(word, at + 1)
    for place in sorted(places):
        match = detector.pattern.match(text, place)
        if match:
            yield match


def _in_context(detector: Detector, lower: str, start: int) -> bool:
    before = lower[max(0, start - detector.reach) : start]
    return any(word in before for word in detector.context)


def _taken(text: str, entities: Iterable[Entity]) -> list[Span]:
    """What must not be found (again): placeholders and entities."""
    spans = [entity[1:] for entity in entities]
    if "<" in text:
        spans += [match.span() for match in _PLACEHOLDER.finditer(text)]
    return spans


def _overlaps(taken: Iterable[Span], start: int, end: int) -> bool:
    return any(start < e and s < end for s, e in taken)


def _masked(text: str, taken: Iterable[Span]) -> str:
    out = text
    for start, end in taken:
        out = f"{out[:start]}{' ' * (end - start)}{out[end:]}"
    return out


def _start(entity: Entity) -> int:
    return entity.start


def replace(text: str, entities: Sequence[Entity]) -> str:
    """A text with its entities replaced; what was JSON stays JSON.

    Args:
        text: the input.
        entities: sorted, not overlapping.
    """
    plain = _join(text, entities, frozenset())
    if text[:1] not in "{[" or not _is_json(text) or _is_json(plain):
        return plain
    bare = frozenset(entity.start for entity in entities if _is_bare(text, entity))
    return _join(text, entities, bare)


def _join(text: str, entities: Sequence[Entity], quoted: frozenset[int]) -> str:
    parts: list[str] = []
    at = 0
    for name, start, end in entities:
        mark = '"' if start in quoted else ""
        parts += (text[at:start], f"{mark}<{name}>{mark}")
        at = end
    return "".join((*parts, text[at:]))


def _is_bare(text: str, entity: Entity) -> bool:
    """Whether an entity is a number outside quotation marks."""
    before = text[: entity.start].rstrip()[-1:]
    after = text[entity.end :].lstrip()[:1]
    return before in set(":[,") and after in set(",]}")


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _scrubadub() -> Any:
    import scrubadub  # noqa: PLC0415 - takes two seconds, and only who scrubs should wait

    return scrubadub.Scrubber(detector_list=list(_SCRUBADUB_DETECTORS))
