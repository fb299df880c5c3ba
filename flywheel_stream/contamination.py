"""Evaluation sets that no curated example may repeat: equal, near-duplicate, or sharing an n-gram.

A model that has learnt its own test cannot be measured by it. A text is contaminated by an item of
a registered set if the two are equal or near-duplicates (``near.py``), or if it holds a run of 13
words of the item in order, as in Brown et al. 2020 (*Language Models are Few-Shot Learners*,
appendix C). Of an item of 8 to 12 words it has to hold them all; shorter items count only where
the whole text repeats them.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flywheel_stream.dedup import folded_words
from flywheel_stream.near import NearIndex

NGRAM = 13
"""Words of a run that is taken for a copy."""
SHORTEST = 8
"""Words of the shortest item that is looked for inside longer texts."""
SHORTEST_TEXT = 20
"""Characters below which an item is no evidence: "yes" or "Paris" is in every test."""

_FACTOR = 0x9E3779B97F4A7C15
_OFFSET = 0xD1B54A32D192ED03
_NO_WORD = re.compile(r"\W+")

_Hashes = NDArray[np.uint64]


class Contamination(NamedTuple):
    """Which item a text repeats: the name of its set, its place there from 1 on, and how."""

    where: str
    item: int
    how: str

    def __str__(self) -> str:
        return f"{self.where}:{self.item} ({self.how})"


class EvaluationSets:
    """The items of all registered evaluation sets.

    Args:
        sets: The texts of each set by its name; items of less than ``SHORTEST_TEXT`` characters
            are left out.
    """

    def __init__(self, sets: Mapping[str, Iterable[tuple[int, str]]]) -> None:
        rows = [
            (name, place, text)
            for name, items in sets.items()
            for place, text in items
            if len(text.strip()) >= SHORTEST_TEXT
        ]
        self._places = [(name, place) for name, place, _ in rows]
        self._words: dict[str, int] = {}
        self._runs: dict[int, tuple[_Hashes, NDArray[np.int64]]] = {}
        self._index = NearIndex(window=float("inf"), capacity=max(len(rows), 1), size=1 << 62)
        self._index.add((str(number), text, 0.0) for number, (_, _, text) in enumerate(rows))
        self._learn_runs([text for _, _, text in rows])

    def __len__(self) -> int:
        return len(self._places)

    def find(self, text: str) -> Contamination | None:
        """The item that a text repeats, if any; about 0.2 ms a text."""
        if not self._places:
            return None
        match = self._index.find(text, 0.0)
        if match.of is not None:
            how = "equal" if match.duplicate == "exact" else "near-duplicate"
            return self._named(int(match.of), how)
        ids = np.array([self._words.get(word, 0) for word in _words(text)], dtype=np.uint64)
        for length, (hashes, owners) in self._runs.items():
            found = _runs(ids, length)
            if not len(found):
                continue
            at = np.minimum(np.searchsorted(hashes, found), len(hashes) - 1)
            hits = np.flatnonzero(hashes[at] == found)
            if len(hits):
                return self._named(int(owners[at[hits[0]]]), f"{length} words")
        return None

    def _named(self, number: int, how: str) -> Contamination:
        return Contamination(*self._places[number], how)

    def _learn_runs(self, texts: list[str]) -> None:
        by_length: dict[int, list[tuple[_Hashes, int]]] = {}
        for number, text in enumerate(texts):
            words = _words(text)
            length = min(NGRAM, len(words))
            if length >= SHORTEST:
                ids = [self._words.setdefault(word, len(self._words) + 1) for word in words]
                hashes = _runs(np.array(ids, dtype=np.uint64), length)
                by_length.setdefault(length, []).append((hashes, number))
        for length, parts in sorted(by_length.items(), reverse=True):
            hashes = np.concatenate([part for part, _ in parts])
            owners = np.repeat(
                np.array([number for _, number in parts]), [len(part) for part, _ in parts]
            )
            order = np.argsort(hashes, kind="stable")  # of equal runs the first item counts
            self._runs[length] = hashes[order], owners[order]


def _words(text: str) -> list[str]:
    """The words of a text without case and punctuation."""
    return _NO_WORD.sub(" ", " ".join(folded_words(text))).split()


def _runs(ids: _Hashes, length: int) -> _Hashes:
    """A 64-bit polynomial hash of each run of known words; unknown ones (0) are in no item."""
    count = len(ids) - length + 1
    if count < 1:
        return np.zeros(0, dtype=np.uint64)
    total = np.zeros(count, dtype=np.uint64)
    factor = np.uint64(_FACTOR)
    known = np.ones(count, dtype=bool)
    for place in range(length):
        part = ids[place : place + count]
        known &= part > 0
        total = (total + part * np.uint64(_OFFSET)) * factor
        total ^= total >> np.uint64(29)
    return total[known]
