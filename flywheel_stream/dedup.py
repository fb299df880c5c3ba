"""Exact duplicates: fingerprints, the rolling window, its protocol and an in-memory form of it.

A duplicate is a call of the same app, model and variant with the same normalised prompt and
response. Normalised means: Unicode NFKC, case folded, white space removed; so that two calls are
equal where a reader sees no difference. Placeholders of scrubbing count as they stand.
"""

import unicodedata
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple, Protocol

from flywheel_stream.events import Message

_WHITE = b" \t\n\r\v\f"
_LOWER = bytes(range(256)).lower()


def normalise(text: str) -> bytes:
    """What of a text counts for equality, as UTF-8."""
    if text.isascii():
        return text.encode("ascii").translate(_LOWER, _WHITE)
    # White space may have parted a letter from its accent: put them together again.
    joined = unicodedata.normalize("NFKC", "".join(folded_words(text)))
    return joined.encode("utf-8", "surrogatepass")


def folded_words(text: str) -> list[str]:
    """The words of a text in Unicode NFKC, case folded: white space parts them."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split()


def fingerprint(
    app: str, model: str, variant: str, turns: Sequence[Message], response: str | None
) -> str:
    """The fingerprint of a call: BLAKE2b, 32 hex digits."""
    parts = [f"{app}\0{model}\0{variant}".encode("utf-8", "surrogatepass")]
    for turn in turns:
        parts.append(turn.role.encode("utf-8", "surrogatepass"))
        parts.append(normalise(turn.content))
    parts.append(b"\0" if response is None else b"\1" + normalise(response))
    # The lengths come first, so that no text can pass for the end of another.
    lengths = ",".join(map(str, map(len, parts))).encode()
    return blake2b(b"".join((lengths, b"\0", *parts)), digest_size=16).hexdigest()


class WindowPolicy(NamedTuple):
    """How the rolling window is cut into generations of Bloom filters.

    A call is looked up in the generations that can hold calls up to ``seconds`` before it, so the
    window is ``seconds`` at least and one generation longer at most. The rate of false duplicates
    is shared out among them, so the sum stays at ``error_rate``.
    """

    seconds: float = 86_400.0
    generations: int = 2
    capacity: int = 1_000_000
    error_rate: float = 1e-4
    named: int = 1_000_000
    """Calls per window of which it is known which was the first."""

    @property
    def length(self) -> float:
        """Seconds of event time that one generation takes in."""
        return self.seconds / self.generations

    def generation(self, ts: float) -> int:
        """The generation that a call belongs to."""
        return int(ts // self.length)

    def lookups(self, ts: float) -> list[int]:
        """The generations that may hold an earlier copy, newest first.

        One ahead is among them: calls come out of order by some seconds.
        """
        return self.around(self.generation(ts))

    def around(self, generation: int) -> list[int]:
        """``lookups`` of every call of a generation."""
        return list(range(generation + 1, generation - self.generations - 1, -1))

    @property
    def filter_capacity(self) -> int:
        """Calls that one Bloom filter is made for, before it grows."""
        return max(1000, -(-self.capacity // self.generations))

    @property
    def index_capacity(self) -> int:
        """Calls of one generation whose first is known."""
        return max(1, -(-self.named // self.generations))

    @property
    def filter_error_rate(self) -> float:
        """The rate of one filter: a call is looked up in ``generations + 2`` of them."""
        return self.error_rate / (self.generations + 2)


class Seen(NamedTuple):
    """What the window knows of a fingerprint; not ``asked``: it was away, and nobody guesses."""

    hit: bool
    first: str | None = None
    copies: int = 0
    asked: bool = True


class Sighting(NamedTuple):
    """A fingerprint to be remembered: when, the first call that had it, and how many have."""

    fingerprint: str
    ts: float
    first: str
    copies: int


class Window(Protocol):
    """The rolling window, shared by all workers.

    ``seen`` changes nothing. ``remember`` is called after the outputs are confirmed, so that a
    crash between them makes a call new again instead of losing it; calling it twice changes
    nothing.
    """

    async def seen(self, queries: Sequence[tuple[str, float]]) -> list[Seen]:
        """Looks up (fingerprint, ts) pairs; one round trip."""

    async def remember(self, sightings: Sequence[Sighting]) -> None:
        """Notes calls; one round trip."""


class MemoryWindow:
    """The window in memory, exact: for tests and single processes."""

    def __init__(self, policy: WindowPolicy) -> None:
        self._policy = policy
        self._generations: dict[int, dict[str, tuple[str, int]]] = {}

    async def seen(self, queries: Sequence[tuple[str, float]]) -> list[Seen]:
        """Looks up (fingerprint, ts) pairs."""
        return [self._seen(fingerprint, ts) for fingerprint, ts in queries]

    def _seen(self, key: str, ts: float) -> Seen:
        for generation in self._policy.lookups(ts):
            known = self._generations.get(generation, {}).get(key)
            if known:
                return Seen(hit=True, first=known[0], copies=known[1])
        return Seen(hit=False)

    async def remember(self, sightings: Sequence[Sighting]) -> None:
        """Notes calls."""
        for key, ts, first, copies in sightings:
            entries = self._generations.setdefault(self._policy.generation(ts), {})
            known = entries.get(key, (first, 0))
            entries[key] = (known[0], max(known[1], copies))
