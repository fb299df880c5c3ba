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
from flywheel_stream.gating import CLEAN, Gate, Gated, PlainGate, best_gate, worth_scrubadub
from flywheel_stream.pii import AROUND, TABLE, TYPES, Detector, Span, beginning, card, fold
from flywheel_stream.pii import version as table_version

_PLACEHOLDER = re.compile(rf"<(?:{'|'.join(sorted(TYPES, key=len, reverse=True))})>")

MAX_REMEMBERED = 4096
"""Hashes of ids that are remembered, and clean texts."""

REMEMBERED_FROM, REMEMBERED_TO = 1024, 16_384
"""Characters of a clean text that is worth remembering, for looking at it again costs more."""


SCRUBADUB_TYPES = {
    "email": "EMAIL",
    "credit_card": "CREDIT_CARD",
    "social_security_number": "US_SSN",
    "credential": "PASSWORD",
    "phone": "PHONE",
}
"""Types of scrubadub's filth as we name them; its URL and Twitter detectors find no persons."""

_PHONE_WORDS = frozenset(
    word for detector in TABLE if detector.type == "PHONE" for word in detector.context
)

_RESIDUE_RULES = 2
"""Raised when ``_plausible`` changes, so that the scrubber's version does too."""

_JSON_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|-?\d[\d.eE+-]*+')
_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|.)")
_TOP_LEVEL_NAME = re.compile(r"[^\W\d_]{2,}\Z")

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
        # BLAKE2b takes keys of up to 64 bytes; a longer one counts to its last byte.
        self._secret = secret if len(secret) <= 64 else blake2b(secret).digest()
        self._residue = _scrubadub()
        self._gate = gate or best_gate()
        self._known: dict[str, Scrubbed] = {}
        self._ids: dict[tuple[str, str], str] = {}
        self.version = f"{table_version()}.{_RESIDUE_RULES}+scrubadub-{installed('scrubadub')}"

    def scrub(self, texts: Sequence[str]) -> list[Scrubbed]:
        """Scrubs a batch of texts.

        Raises:
            ScrubError: a detector failed; no text may be passed on.
        """
        gate = self._gate
        out = []
        try:
            for text in texts:
                if len(text) >= REMEMBERED_FROM:
                    out.append(self._scrub_long(text))
                    continue
                gated = gate(text)
                out.append(Scrubbed(text, ()) if gated is CLEAN else self._scrub(text, gated))
        except (ValueError, TypeError, LookupError, RecursionError, MemoryError) as error:
            # The error's own text may hold the text that it failed on.
            raise ScrubError(f"A detector failed with {type(error).__name__}.") from None
        return out

    def _scrub_long(self, text: str) -> Scrubbed:
        """System prompts come again and again: clean ones are remembered, others never."""
        known = self._known.get(text)
        if known is None:
            known = self._scrub(text, self._gate(text))
            if not known.entities and len(text) <= REMEMBERED_TO:
                if len(self._known) >= MAX_REMEMBERED:
                    self._known.clear()
                self._known[text] = known
        return known

    def _scrub(self, text: str, gated: Gated) -> Scrubbed:
        places, residue = gated
        entities = find(text, places) if places else []
        left = replace(text, entities) if entities else text
        if residue and (not entities or worth_scrubadub(left)):
            entities = sorted([*entities, *self._residual(text, entities)], key=_start)
        if not entities:
            return Scrubbed(text, ())
        return Scrubbed(*_replaced(text, entities))

    def _residual(self, text: str, entities: Sequence[Entity]) -> Iterator[Entity]:
        """What scrubadub finds where ours found nothing; positions stay those of the input."""
        spans = _taken(text, entities)
        masked = _masked(text, spans)
        taken = _mask(len(text), spans)
        lower = fold(masked)
        found = [(filth.beg, filth.end, filth.type) for filth in self._residue.iter_filth(masked)]
        for start, end, name in sorted(found):
            if (
                name in SCRUBADUB_TYPES
                and taken.find(1, start, end) < 0
                and _plausible(name, masked, lower, start, end)
            ):
                taken[start:end] = b"\1" * (end - start)
                yield Entity(SCRUBADUB_TYPES[name], start, end)

    def scrub_values(self, value: object) -> object:
        """A JSON value with each string inside it scrubbed, keys too.

        A key announces its value, as in ``{"password": "monkey"}``; a number that is personal data
        becomes a placeholder. Keys that become equal are numbered, so that nothing is lost.

        Raises:
            ScrubError: a detector failed.
        """
        return self._scrub_value("", value)

    def _scrub_value(self, key: str, value: object) -> object:
        if isinstance(value, str):
            scrubbed = self.scrub([value])[0]
            return scrubbed.text if scrubbed.entities or not key else self._announced(key, value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            raw = str(value)
            text = self._announced(key, raw)
            return value if text == raw else text
        if isinstance(value, list | tuple):
            return [self._scrub_value(key, item) for item in value]
        if isinstance(value, dict):
            out: dict[str, object] = {}
            for name, item in value.items():
                scrubbed_name = unique = self.scrub([str(name)])[0].text
                number = 1
                while unique in out:
                    number += 1
                    unique = f"{scrubbed_name} {number}"
                out[unique] = self._scrub_value(str(name), item)
            return out
        return value

    def _announced(self, key: str, value: str) -> str:
        """A value scrubbed as what stands behind its key."""
        head = f'"{key}": "'
        (scrubbed,) = self.scrub([f'{head}{value}"'])
        at, end = len(head), len(head) + len(value)
        inside = [
            Entity(name, max(start, at) - at, min(stop, end) - at)
            for name, start, stop in scrubbed.entities
            if stop > at and start < end
        ]
        return _join(value, inside, frozenset())

    def hash_id(self, kind: str, value: str) -> str:
        """A keyed hash of an id: the kind's first letter, ``_`` and 16 hex digits."""
        known = self._ids.get((kind, value))
        if known is None:
            if len(self._ids) >= MAX_REMEMBERED:
                self._ids.clear()
            known = self._ids[kind, value] = self._hash_id(kind, value)
        return known

    def _hash_id(self, kind: str, value: str) -> str:
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
    taken: bytearray | None = None
    found: list[Entity] = []
    for place in places:
        for start, end in _spans(place, text, lower):
            if taken is None:
                taken = _mask(len(text), _taken(text, ()))
            if start < end and taken.find(1, start, end) < 0:
                taken[start:end] = b"\1" * (end - start)
                found.append(Entity(TABLE[place].type, start, end))
    found.sort(key=_start)
    return found


_BEGINNINGS = tuple(map(beginning, TABLE))


def _spans(place: int, text: str, lower: str) -> Iterator[Span]:
    detector, begin = TABLE[place], _BEGINNINGS[place]
    if begin is not None:
        matches = _begun(detector, begin, text, lower)
    elif detector.anchored:
        matches = _anchored(detector, text, lower)
    else:
        matches = detector.pattern.finditer(text)
    for match in matches:
        if detector.context and not _in_context(detector, lower, match.start()):
            continue
        span = detector.check(match) if detector.check else match.span("v")
        if span is not None:
            yield span


def _begun(
    detector: Detector, begin: re.Pattern[str], text: str, lower: str
) -> Iterator[re.Match[str]]:
    """What ``finditer`` finds, looked for only where a match may begin."""
    end = 0
    match_at = detector.pattern.match
    for start, stop in _windows(detector.around, lower):
        for candidate in begin.finditer(text, max(start, end), stop):
            at = candidate.start()
            if at >= end and (match := match_at(text, at)):
                end = match.end()
                yield match


def _windows(words: Sequence[str], lower: str) -> list[Span]:
    if not words:
        return [(0, len(lower))]
    places = sorted(at for word in words for at in _places(word, lower))
    windows: list[Span] = []
    for at in places:
        start = max(at - AROUND, windows[-1][1] if windows else 0)
        windows.append((start, at))
    return windows


def _places(word: str, lower: str) -> Iterator[int]:
    at = lower.find(word)
    while at >= 0:
        yield at
        at = lower.find(word, at + 1)


def _anchored(detector: Detector, text: str, lower: str) -> Iterator[re.Match[str]]:
    places = {at for word in detector.words for at in _places(word, lower)}
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


def _mask(length: int, spans: Iterable[Span]) -> bytearray:
    """One byte a character, 1 where taken: overlaps cost the span's length, however many."""
    mask = bytearray(length)
    for start, end in spans:
        mask[start:end] = b"\1" * (end - start)
    return mask


def _masked(text: str, spans: Iterable[Span]) -> str:
    parts: list[str] = []
    at = 0
    for start, end in sorted(spans):
        parts += (text[at:start], " " * (end - start))
        at = end
    return "".join((*parts, text[at:]))


def _plausible(name: str, text: str, lower: str, start: int, end: int) -> bool:
    """Whether scrubadub's find is one: it takes versions, decimals and order numbers as well."""
    value = text[start:end]
    if name == "email":  # node@3.25.19
        return _TOP_LEVEL_NAME.search(value) is not None
    if name == "credit_card":
        return card(value)
    if name == "phone":
        before = lower[max(0, start - 40) : start]
        return value[0] in "+(" or any(word in before for word in _PHONE_WORDS)
    if name == "credential":  # "your username and password to log in" is a sentence
        return text[:start].rstrip("\"' \t")[-1:] in {":", "="}
    return True


def _start(entity: Entity) -> int:
    return entity.start


def replace(text: str, entities: Sequence[Entity]) -> str:
    """A text with its entities replaced; what was JSON stays JSON.

    Args:
        text: the input.
        entities: sorted, not overlapping.
    """
    return _replaced(text, entities)[0]


def _replaced(text: str, entities: Sequence[Entity]) -> tuple[str, tuple[Entity, ...]]:
    """The text, and the entities as they were replaced."""
    plain = _join(text, entities, frozenset())
    if text.lstrip()[:1] not in {"{", "["} or not _is_json(text) or _is_json(plain):
        return plain, tuple(entities)
    fitted, numbers = _fit_json(text, entities)
    return _join(text, fitted, numbers), fitted


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


def _join(text: str, entities: Sequence[Entity], quoted: frozenset[int]) -> str:
    parts: list[str] = []
    at = 0
    for name, start, end in entities:
        mark = '"' if start in quoted else ""
        parts += (text[at:start], f"{mark}<{name}>{mark}")
        at = end
    return "".join((*parts, text[at:]))


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _scrubadub() -> Any:
    import scrubadub  # noqa: PLC0415 - takes two seconds, and only who scrubs should wait

    return scrubadub.Scrubber(detector_list=list(_SCRUBADUB_DETECTORS))
