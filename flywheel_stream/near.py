"""Near-duplicates: a rolling, bounded index of texts, with candidates that are always verified.

Two texts are near-duplicates if the Jaccard overlap of their sets of character 5-grams reaches 0.8.
The grams are five neighbouring code points of the text in Unicode NFKC, case folded, each run of
white space as one space. Texts that are equal without their white space (``dedup.normalise``) are
exact copies; a text of fewer than five characters can only have such.

Candidates come from MinHash (Broder 1997) in bands (Leskovec, Rajaraman and Ullman, *Mining of
Massive Datasets*, chapter 3); of a key that many texts share only the newest texts are looked at, as
in the chains of zlib's ``deflate``.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from flywheel_stream.dedup import folded_words
from flywheel_stream.errors import StateError

THRESHOLD = 0.8
"""The least Jaccard overlap of near-duplicates."""

GRAM = 5
"""Code points of a gram."""

# Two texts meet in a band if all its minima agree: a pair that overlaps by exactly 0.8 misses all
# sixteen with a probability of (1 - 0.8**4)**16 = 2e-4, and one by 0.3 meets with 0.12.
_BANDS, _ROWS = 16, 4
# So many minima agree in all but 3e-4 of the pairs that overlap by 0.8 (binomial), and in 3 % of
# those by 0.5: what is below is not verified.
_AGREEING = 40
# Bounds for hostile input, far above what texts of one domain need (half a candidate a text).
_CHAIN = 16  # newest texts of one key that are looked at
_VERIFIED = 8  # candidates of one text that are verified, those that agree in most minima first
_VERIFIED_GRAMS = 200_000  # in all of them: fewer candidates for very long texts, two at least
_CHUNK = 1 << 15  # code points that are sketched at once, so that they stay in the cache
_CACHE = 1 << 22  # grams of texts that were compared before: 32 MB
_BITS = 12  # of a code point in a gram that is kept as it is
_VERSION = 2
_GONE = float("-inf")  # event time of what was taken out: far from any window

_Grams = NDArray[np.uint64]


class Match(NamedTuple):
    """What the index knows of a text: ``exact`` or ``near`` of another one, or neither."""

    duplicate: str | None = None
    of: str | None = None


_NONE = Match()


class _Entry(msgspec.Struct, gc=False):
    """A text that is no duplicate."""

    id: str
    ts: float
    text: bytes
    keys: tuple[int, ...]
    """One per band; none for a text without grams."""
    minima: bytes
    """The low byte of each minimum, in order."""
    twin: int
    """The number of the one before with equal text, which was out of the window; 0: none."""


class Sketch(NamedTuple):
    """What a text is found by; made for many texts at once, which is six times cheaper."""

    keys: tuple[int, ...]
    minima: bytes
    grams: _Grams
    """With repetitions, in the order of the text."""


Sketches = dict[bytes, Sketch]
"""By ``spaced`` text."""


class _Saved(msgspec.Struct):
    """A dump: settings, and the entries (id, ts, normalised text) from the oldest on."""

    version: int
    window: float
    capacity: int
    size: int
    entries: list[tuple[str, float, bytes]]


class NearIndex:
    """A rolling index of texts that are no duplicate of one another.

    A text is compared with those that are at most ``window`` away from it, before or after, so a
    late one meets what it would have met in time. Equal texts are always found. Texts whose grams
    overlap by 0.8 or more are missed with a probability of 5e-4 at most; where thousands from one
    template share the same keys, of which only the newest are looked at, with one of 2e-2. Nothing
    below 0.8 is ever called a duplicate. Of several, the one with the highest overlap counts, then
    the earliest.

    The oldest (first come) leave when there are more than ``capacity`` texts or ``size`` bytes; and
    with each text that is kept, up to two that are further back than twice the window. So one
    ``ts`` from the far future cannot empty the index.

    Nothing is random and nothing reads a clock; the answers do not depend on how texts are cut into
    batches, nor on a ``dump`` and ``load`` between them.

    Args:
        window: Seconds of event time.
        capacity: Texts that are kept, about 2.3 KB each beside ``size``, and 32 MB in all.
        size: Bytes of normalised text that are kept.

    Raises:
        ValueError: One of them is out of range.
    """

    def __init__(
        self, window: float = 86_400.0, capacity: int = 100_000, size: int = 1 << 27
    ) -> None:
        if window < 0 or min(capacity, size) < 1:
            raise ValueError("window must not be negative, capacity and size must be positive")
        self.window = window
        self.capacity = capacity
        self.size = size
        # Entries are numbered from 1 as they come; those from ``_first`` to ``_last`` are kept.
        self._first, self._last = 1, 0
        self._entries: dict[int, _Entry] = {}
        self._bytes = 0
        self._texts: dict[bytes, int] = {}  # the newest entry of each text
        self._ids: dict[str, int] = {}  # the newest entry of each id
        # The newest entries of each key, oldest first; mostly there is one.
        self._held: dict[int, int | list[int]] = {}
        # Grams of entries, while there is room: as they came, and sorted sets once compared.
        self._lists: dict[int, _Grams] = {}
        self._sets: dict[int, _Grams] = {}
        self._cached = 0

    def __len__(self) -> int:
        """Return the number of texts that are kept."""
        return len(self._entries)

    def add(self, items: Iterable[tuple[str, str, float]]) -> list[Match]:
        """Looks up texts in order, and keeps each that is no duplicate.

        Args:
            items: Ids, texts and event times (epoch seconds).

        Returns:
            One match for each item. A text that is found under its own id was read before: it is no
            duplicate of itself and is not kept twice.
        """
        lines = [(name, spaced(text), ts) for name, text, ts in items]
        matches: list[Match] = []
        for chunk in _chunks(lines):
            new = dict.fromkeys(text for _, text, _ in chunk if _bare(text) not in self._texts)
            sketches = _sketch(list(new))
            matches += [self._add(name, text, ts, sketches) for name, text, ts in chunk]
        return matches

    def add_sketched(self, name: str, text: str, ts: float, sketches: Sketches) -> Match:
        """``add`` of one text, for which ``sketch`` may have worked before."""
        return self._add(name, spaced(text), ts, sketches)

    def find(self, text: str, ts: float) -> Match:
        """Looks a text up and keeps nothing."""
        line = spaced(text)
        of = self._equal(_bare(line), ts)
        if of is not None:
            return Match("exact", of)
        return self._near(_sketch([line])[line], ts)[0]

    def discard(self, name: str) -> None:
        """Takes the newest text of an id out: no later one is a duplicate of it."""
        number = self._ids.pop(name, 0)
        if number:
            # It keeps its place in chains till it leaves, so that a dump and load change nothing.
            self._entries[number].ts = _GONE

    def _add(self, name: str, text: bytes, ts: float, sketches: Sketches) -> Match:
        bare = _bare(text)
        of = self._equal(bare, ts)
        if of is not None:
            return _NONE if of == name else Match("exact", of)
        # One that was there when its chunk began, and is out of the window or gone by now, has none.
        sketch = sketches.get(text) or _sketch([text])[text]
        match, grams = self._near(sketch, ts)
        if match.of is not None:
            return _NONE if match.of == name else match
        self._keep(self._entry(name, ts, text, sketch))
        if grams is None:
            self._cache(self._lists, self._last, sketch.grams.copy())
        else:
            self._cache(self._sets, self._last, grams)
        return _NONE

    def _near(self, sketch: Sketch, ts: float) -> tuple[Match, _Grams | None]:
        """The nearest text, and the set of grams if candidates made it necessary."""
        candidates = self._candidates(sketch, ts)
        if not candidates:
            return _NONE, None
        grams = _unique(sketch.grams)
        of = self._closest(grams, candidates)
        return (_NONE if of is None else Match("near", of)), grams

    def _equal(self, text: bytes, ts: float) -> str | None:
        """The id of the earliest copy."""
        number = self._texts.get(text, 0)
        copies: list[_Entry] = []
        while number >= self._first and len(copies) < _CHAIN:
            entry = self._entries[number]
            copies.append(entry)
            number = entry.twin
        near = [entry for entry in reversed(copies) if abs(entry.ts - ts) <= self.window]
        return min(near, key=lambda entry: entry.ts).id if near else None

    def _candidates(self, sketch: Sketch, ts: float) -> list[int]:
        """The numbers of those that share a key and may be near, at most ``_VERIFIED``."""
        shared: set[int] = set()
        for held in map(self._held.get, sketch.keys):
            if held is not None:
                shared.update((held,) if isinstance(held, int) else held)
        if not shared:
            return []
        entries, numbers = self._entries, list(shared)
        rows = np.frombuffer(b"".join([entries[number].minima for number in numbers]), np.uint8)
        agreeing = rows.reshape(len(numbers), -1) == np.frombuffer(sketch.minima, np.uint8)
        counts = agreeing.sum(axis=1)
        found = [
            (-int(counts[place]), numbers[place])
            for place in np.flatnonzero(counts >= _AGREEING).tolist()
            if abs(entries[numbers[place]].ts - ts) <= self.window
        ]
        found.sort()
        limit = min(_VERIFIED, max(2, _VERIFIED_GRAMS // len(sketch.grams)))
        return [number for _, number in found[:limit]]

    def _closest(self, grams: _Grams, candidates: Sequence[int]) -> str | None:
        """The id of the nearest of the candidates, if it is near."""
        best: tuple[float, float, int] | None = None
        for number in candidates:
            others = self._grams_of(number)
            small, large = sorted((len(grams), len(others)))
            if small / large < THRESHOLD:
                continue
            both = np.concatenate((grams, others))
            both.sort()
            common = int(np.count_nonzero(both[1:] == both[:-1]))
            overlap = common / (small + large - common)  # is rounded as the threshold was
            if overlap >= THRESHOLD:
                rank = (-overlap, self._entries[number].ts, number)
                best = min(best, rank) if best else rank
        return self._entries[best[2]].id if best else None

    def _grams_of(self, number: int) -> _Grams:
        """The set of grams of an entry, sorted."""
        grams = self._sets.get(number)
        if grams is None:
            listed = self._lists.pop(number, None)
            if listed is None:
                text = self._entries[number].text
                listed = _pack([text.decode("utf-8", "surrogatepass")])
            grams = _unique(listed)
            self._cache(self._sets, number, grams)
        return grams

    def _cache(self, where: dict[int, _Grams], number: int, grams: _Grams) -> None:
        self._cached += len(grams)
        if self._cached > _CACHE:
            self._lists.clear()
            self._sets.clear()
            self._cached = len(grams)
        where[number] = grams

    def _entry(self, name: str, ts: float, text: bytes, sketch: Sketch) -> _Entry:
        twin = self._texts.get(_bare(text), 0)
        return _Entry(name, ts, text, sketch.keys, sketch.minima, twin)

    def _keep(self, entry: _Entry) -> None:
        self._place(entry)
        for _ in range(2):
            if self._entries[self._first].ts < entry.ts - 2 * self.window:
                self._forget()
        while len(self._entries) > self.capacity or (
            self._bytes > self.size and self._first < self._last
        ):
            self._forget()

    def _place(self, entry: _Entry) -> None:
        self._last += 1
        self._entries[self._last] = entry
        self._bytes += len(entry.text)
        self._texts[_bare(entry.text)] = self._last
        if entry.ts != _GONE:
            self._ids[entry.id] = self._last
        for key in entry.keys:
            held = self._held.get(key)
            if held is None:
                self._held[key] = self._last
            elif isinstance(held, int):
                self._held[key] = [held, self._last]
            else:
                held.append(self._last)
                if len(held) > _CHAIN:
                    del held[0]

    def _forget(self) -> None:
        """Drops the oldest."""
        number = self._first
        entry = self._entries.pop(number)
        self._first += 1
        self._bytes -= len(entry.text)
        bare = _bare(entry.text)
        if self._texts[bare] == number:
            del self._texts[bare]
        if self._ids.get(entry.id) == number:
            del self._ids[entry.id]
        for key in entry.keys:
            held = self._held.get(key)
            if held in (number, [number]):
                del self._held[key]
            elif isinstance(held, list) and held[0] == number:
                del held[0]
        self._lists.pop(number, None)
        self._sets.pop(number, None)

    def dump(self) -> dict[str, object]:
        """Return all that is kept as plain values (numbers, strings, lists, bytes)."""
        entries = [(entry.id, entry.ts, entry.text) for entry in self._entries.values()]
        saved = _Saved(_VERSION, self.window, self.capacity, self.size, entries)
        plain: dict[str, object] = msgspec.to_builtins(saved, builtin_types=(bytes,))
        return plain

    @classmethod
    def load(cls, state: dict[str, object]) -> "NearIndex":
        """Continue where a dump was made; about 10 microseconds a text.

        Raises:
            StateError: The dump is damaged or of another version.
        """
        try:
            saved = msgspec.convert(state, _Saved, builtin_types=(bytes,))
            if saved.version != _VERSION:
                raise ValueError(f"version {saved.version}")  # noqa: TRY301 - one message for all
            self = cls(saved.window, saved.capacity, saved.size)
            for chunk in _chunks([(name, text, ts) for name, ts, text in saved.entries]):
                sketches = _sketch([text for _, text, _ in chunk])
                for name, text, ts in chunk:
                    self._place(self._entry(name, ts, text, sketches[text]))
        except (msgspec.ValidationError, ValueError) as error:
            raise StateError(
                f"A dump of near-duplicates does not load ({error}): "
                "start from an older snapshot, or from none."
            ) from error
        return self


# ---------------------------------------------------------------- texts


def spaced(text: str) -> bytes:
    """What of a text its grams are taken of, as UTF-8."""
    if text.isascii():
        return b" ".join(text.encode("ascii").lower().split())
    return " ".join(folded_words(text)).encode("utf-8", "surrogatepass")


def sketch(texts: Iterable[str]) -> Sketches:
    """Makes sketches of many texts at once, for ``NearIndex.add_sketched``."""
    lines = dict.fromkeys(spaced(text) for text in texts)
    sketches: Sketches = {}
    for chunk in _chunks([("", line, 0.0) for line in lines]):
        sketches |= _sketch([line for _, line, _ in chunk])
    return sketches


def _bare(spaced: bytes) -> bytes:
    return spaced.replace(b" ", b"")


# ---------------------------------------------------------------- grams and sketches


def _chunks(lines: list[tuple[str, bytes, float]]) -> Iterator[list[tuple[str, bytes, float]]]:
    """Cuts a batch where it has grown to the size that is sketched at once."""
    start = size = 0
    for end, (_, text, _) in enumerate(lines, 1):
        size += len(text)
        if size >= _CHUNK:
            yield lines[start:end]
            start, size = end, 0
    if start < len(lines):
        yield lines[start:]


def _pack(texts: Sequence[str]) -> _Grams:
    """The grams of texts of five code points and more, one text after the other, as 64 bits each.

    Five code points below U+1000 (the alphabets) fit in as they are, so different grams differ.
    Others go by a hash of 63 bits: two of them agree by chance once in 1e19.
    """
    joined = "".join(texts).encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(joined, "<u4").astype(np.uint64)
    places = [points[place : len(points) - GRAM + 1 + place] for place in range(GRAM)]
    grams = places[0].copy()
    for place in places[1:]:
        grams <<= np.uint64(_BITS)
        grams |= place
    wide = points >> np.uint64(_BITS) > 0
    if wide.any():
        around = np.flatnonzero(wide)[:, None] - np.arange(GRAM)
        held = np.unique(around[(around >= 0) & (around < len(grams))])
        hashed = np.zeros(len(held), dtype=np.uint64)
        for place in places:
            hashed = _mix(hashed ^ place[held])
        grams[held] = hashed | np.uint64(1 << 63)
    if len(texts) == 1:
        return grams
    # Those that begin in one text and end in the next are none.
    ends = np.cumsum([len(text) for text in texts])
    whole = np.ones(len(points), dtype=bool)
    for back in range(1, GRAM):
        whole[ends - back] = False
    return grams[whole[: len(grams)]]


def _mix(values: _Grams) -> _Grams:
    """The finaliser of MurmurHash3 (Appleby 2011), a permutation of 64 bits, moved by a constant."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        mixed ^= mixed >> np.uint64(33)
        mixed *= np.uint64(factor)
    mixed ^= mixed >> np.uint64(33)
    return mixed


def _unique(grams: _Grams) -> _Grams:
    """The set, sorted; a fifth of the time of ``np.unique`` on so few."""
    ordered = grams.copy()
    ordered.sort()
    first = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


# Odd factors permute 32 bits; on mixed values they are as good as independent permutations.
_FACTORS = (
    _mix(np.arange(_BANDS * _ROWS, dtype=np.uint64)).astype(np.uint32) | np.uint32(1)
).reshape(_BANDS, _ROWS)


def _sketch(texts: list[bytes]) -> Sketches:
    """The grams of distinct normalised texts and their keys, one per band."""
    decoded = [text.decode("utf-8", "surrogatepass") for text in texts]
    counts = [max(0, len(text) - GRAM + 1) for text in decoded]
    nothing = Sketch((), b"", np.zeros(0, dtype=np.uint64))
    sketches = dict.fromkeys(texts, nothing)
    long = [place for place, count in enumerate(counts) if count]
    if not long:
        return sketches
    grams = _pack([decoded[place] for place in long])
    ends = np.cumsum([counts[place] for place in long])
    starts = np.concatenate(([0], ends[:-1]))
    mixed = _mix(grams).astype(np.uint32)
    minima = np.empty((_BANDS, _ROWS, len(long)), dtype=np.uint32)
    for band, factors in enumerate(_FACTORS):
        np.minimum.reduceat(mixed * factors[:, None], starts, axis=1, out=minima[band])
    keys = np.arange(_BANDS, dtype=np.uint64)[:, None]
    for row in range(_ROWS):
        keys = _mix(keys ^ minima[:, row])
    low = minima.reshape(_BANDS * _ROWS, -1).astype(np.uint8).T
    spans = zip(long, keys.T.tolist(), low, starts.tolist(), ends.tolist(), strict=True)
    for place, its_keys, its_minima, start, end in spans:
        sketches[texts[place]] = Sketch(tuple(its_keys), its_minima.tobytes(), grams[start:end])
    return sketches
