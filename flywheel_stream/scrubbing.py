"""Scrubbing: finds personal data and secrets by the table, resolves overlaps, replaces.

Our own detectors run first, each behind the cheap conditions of its entry; scrubadub's run on what
is left, behind a gate of their own. Placeholders (``<EMAIL>``) are never found again, so scrubbing
scrubbed text changes nothing.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from os import urandom
from typing import NamedTuple, Protocol, cast

from flywheel_stream.detecting import find
from flywheel_stream.errors import ScrubError
from flywheel_stream.escapes import Unescaped, may_be_escaped, unescaped, united
from flywheel_stream.gating import CLEAN, Gate, Gated, best_gate, worth_scrubadub
from flywheel_stream.pii import version as table_version
from flywheel_stream.replacing import (
    Entity,
    Label,
    by_start,
    join,
    pseudonyms,
    replace,
    replaced,
    typed,
)
from flywheel_stream.residue import Finder, Residue

MAX_REMEMBERED = 4096
"""Hashes of ids that are remembered, clean long texts, and texts that took some work."""

REMEMBERED_FROM, REMEMBERED_TO = 1024, 16_384
"""Characters of a clean text that is worth remembering, for looking at it again costs more."""


NESTED = 3
"""How deep texts inside JSON inside JSON are looked into."""


class Scrubbed(NamedTuple):
    """A scrubbed text; the entities refer to the input, are sorted and do not overlap."""

    text: str
    entities: tuple[Entity, ...]


class Scrubs(Protocol):
    """What cleaning needs of a scrubber."""

    version: str

    def scrub(
        self, texts: Sequence[str], conversations: Sequence[str] | None = None
    ) -> list[Scrubbed]:
        """Scrubs a batch of texts, each of its conversation."""

    def hash_id(self, kind: str, value: str) -> str:
        """A keyed hash of an id."""


_NEVER = Scrubbed("", ())


class Scrubber:
    """Replaces personal data by typed placeholders, or by pseudonyms.

    Args:
        secret: keys the hashes of users and sessions, and pseudonyms.
        gate: says what is worth running; by default the fastest that is installed.
        pseudonymous: tell values apart inside a conversation (``<PERSON_4821>``).
        detectors: further detectors made for scrubadub, or ``package.module:Class`` of them; they
            see every text.
        limit: seconds after which a text counts as failed.
        clock: seconds, for ``limit``.

    Raises:
        ConfigError: a further detector does not load.
    """

    def __init__(
        self,
        *,
        secret: bytes = b"",
        gate: Gate | None = None,
        pseudonymous: bool = False,
        detectors: Sequence[str | Finder] = (),
        limit: float = 10.0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        # BLAKE2b takes keys of up to 64 bytes; a longer one counts to its last byte.
        self._secret = secret if len(secret) <= 64 else blake2b(secret).digest()
        self._residue = Residue(detectors)
        self._gate = gate or best_gate()
        self._pseudonymous = pseudonymous
        self._limit = limit
        self._clock = clock
        self._known: dict[str, Scrubbed] = {}
        self._key = urandom(32)
        self._seen: dict[bytes, Scrubbed | None] = {}
        self._ids: dict[tuple[str, str], str] = {}
        self.version = f"{table_version()}.{self._residue.version}"

    def scrub(
        self, texts: Sequence[str], conversations: Sequence[str] | None = None
    ) -> list[Scrubbed]:
        """Scrubs a batch of texts.

        Args:
            texts: any texts.
            conversations: of each text, the conversation in which pseudonyms are one person.

        Raises:
            ScrubError: a detector failed or took too long; no text may be passed on.
        """
        try:
            return self._scrubbed(texts, conversations)
        except ScrubError:
            raise
        except Exception as error:  # noqa: BLE001 - a further detector may raise anything
            # The error's own text may hold the text that it failed on.
            raise ScrubError(f"A detector failed with {type(error).__name__}.") from None

    def _scrubbed(
        self, texts: Sequence[str], conversations: Sequence[str] | None
    ) -> list[Scrubbed]:
        # System prompts come again and again: clean ones are remembered, others never.
        out = [self._known.get(t) if len(t) >= REMEMBERED_FROM else None for t in texts]
        fresh = [place for place, known in enumerate(out) if known is None]
        always = self._residue.always
        dirty: list[tuple[int, Gated]] = []
        for place, gated in zip(fresh, self._gate([texts[at] for at in fresh]), strict=True):
            text = texts[place]
            if gated is CLEAN and not always and not may_be_escaped(text):
                # The constructor of a named tuple would take twice as long, for most texts.
                out[place] = clean = tuple.__new__(Scrubbed, (text, ()))
                self._remember(text, clean)
            else:
                dirty.append((place, gated))
        # Those that wake the same detectors come one after the other: a tenth less for all.
        for place, gated in sorted(dirty, key=_woken):
            text = texts[place]
            label: Label = typed
            if self._pseudonymous:
                label = pseudonyms(self._secret, conversations[place] if conversations else "")
            out[place] = scrubbed = self._scrub_once(text, gated, label)
            if not scrubbed.entities:
                self._remember(text, scrubbed)
        return cast("list[Scrubbed]", out)

    def _remember(self, text: str, clean: Scrubbed) -> None:
        if REMEMBERED_FROM <= len(text) <= REMEMBERED_TO:
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            self._known[text] = clean

    def _scrub_once(self, text: str, gated: Gated, label: Label) -> Scrubbed:
        """A chat is sent again with each of its turns: what took work is done once.

        Only a digest of the text under a key of this process is remembered, and what was found.
        The digest costs 2 us where the work that it spares is 40; clean texts never come here.
        """
        if self._pseudonymous or len(text) > REMEMBERED_TO:
            return self._scrub(text, gated, label)
        raw = text.encode("utf-8", "surrogatepass")
        digest = blake2b(raw, digest_size=16, key=self._key).digest()
        known = self._seen.get(digest, _NEVER)
        if known is not _NEVER:
            return known or Scrubbed(text, ())
        scrubbed = self._scrub(text, gated, label)
        if len(self._seen) >= MAX_REMEMBERED:
            self._seen.clear()
        self._seen[digest] = scrubbed if scrubbed.entities else None
        return scrubbed

    def _scrub(self, text: str, gated: Gated, label: Label) -> Scrubbed:
        in_time = self._deadline()
        entities = self._entities(text, gated, in_time)
        layers: list[Unescaped] = []
        while len(layers) < NESTED and (inside := unescaped(layers[-1].text if layers else text)):
            layers.append(inside)
            more = self._entities(inside.text, self._gate((inside.text,))[0], in_time)
            for layer in reversed(layers):
                more = [layer.back(entity) for entity in more]
            entities = united(entities, more)
        if not entities:
            return Scrubbed(text, ())
        return Scrubbed(*replaced(text, entities, label))

    def _entities(self, text: str, gated: Gated, in_time: Callable[[], None]) -> list[Entity]:
        places, residue = gated
        entities = find(text, places, in_time) if places else []
        own = residue and (not entities or worth_scrubadub(replace(text, entities)))
        if own or self._residue.always:
            in_time()
            entities = sorted(
                [*entities, *self._residue.find(text, entities, own=own)], key=by_start
            )
            in_time()
        return entities

    def _deadline(self) -> Callable[[], None]:
        """A check for between two detectors; each alone works in linear time."""
        until = self._clock() + self._limit

        def check() -> None:
            if self._clock() > until:
                raise ScrubError(f"A text took longer than {self._limit:g} s.")

        return check

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
            whole = isinstance(value, float) and value.is_integer()
            raw = str(int(value) if whole else value)  # 4111111111111111.0 is a card's number too
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
        return join(value, inside, typed)

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
    tally: dict[str, int] = {}  # Counter takes three times as long for one or two
    for entities in found:
        for name, _, _ in entities:
            tally[name] = tally.get(name, 0) + 1
    return dict(sorted(tally.items())) if len(tally) > 1 else tally


def _woken(item: tuple[int, Gated]) -> tuple[int, ...]:
    return tuple(item[1].places)
