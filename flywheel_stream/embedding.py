"""Texts become unit vectors: the interface, a memory, and a fallback that needs no model.

Loaders of models live in ``stream.embedders``: the library reads no files.
"""

import re
from binascii import crc32
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from flywheel_stream.vectors import unit_rows

_WORD = re.compile(r"\w+")
_GRAM = 4  # characters: long enough to mean something, short enough to survive a typo


class Embedder(Protocol):
    """Turns texts into vectors whose dot product is their cosine similarity.

    The same text gives the same bytes, whatever else is in the batch. Implementations are
    deterministic, hold no state that grows, and may be called from one thread at a time.
    """

    name: str
    dims: int

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts.

        Args:
            texts: Scrubbed texts, any number of them.

        Returns:
            An array of shape (len(texts), dims), rows of length 1; a text without content has a
            row of zeros.
        """
        ...


class Remembered:
    """Another embedder whose latest vectors are remembered, by the fingerprint of their texts.

    For embedders that take a millisecond a text and more: copies cost nothing, and what was
    embedded ahead of time, in a thread, is there when it is needed.

    Args:
        embedder: Is asked once for each text of a call that is not remembered.
        capacity: Vectors that are held; which was used longest ago goes first.
    """

    def __init__(self, embedder: Embedder, capacity: int = 10_000) -> None:
        self.name = embedder.name
        self.dims = embedder.dims
        self._embedder = embedder
        self._capacity = capacity
        self._rows: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts, see ``Embedder.embed``."""
        keys = [_fingerprint(text) for text in texts]
        known = self._rows
        unknown = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if unknown:
            for key, row in zip(unknown, self._embedder.embed([*unknown.values()]), strict=True):
                known[key] = row.copy()  # a view would keep the whole batch
        rows = np.zeros((len(texts), self.dims), dtype=np.float32)
        for place, key in enumerate(keys):
            rows[place] = known[key]
            known.move_to_end(key)
        while len(known) > self._capacity:
            known.popitem(last=False)
        return rows


def _fingerprint(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class HashingEmbedder:
    """Hashes words and their character 4-grams into a fixed number of signed buckets.

    The hashing trick (Weinberger et al. 2009, "Feature hashing for large scale multitask
    learning") over subwords as in fastText (Bojanowski et al. 2017). Texts are alike when they
    share words or parts of them; it knows nothing of meaning. CRC-32 because it is the same on
    every machine and in every process, which Python's ``hash`` is not.
    """

    def __init__(self, dims: int = 256) -> None:
        self.name = "hashing"
        self.dims = dims

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts, see ``Embedder.embed``."""
        rows = np.zeros((len(texts), self.dims), dtype=np.float32)
        for index, text in enumerate(texts):
            hashes = [h for word in _WORD.findall(text.casefold()) for h in _hashes(word)]
            if hashes:
                codes = np.array(hashes, dtype=np.int64)
                signs = 1 - 2 * (codes >> 31)  # the top bit; the bucket is of the lower ones
                rows[index] = np.bincount(codes % self.dims, weights=signs, minlength=self.dims)
        return unit_rows(rows)


@lru_cache(maxsize=1 << 16)
def _hashes(word: str) -> tuple[int, ...]:
    """Hash the word and its 4-grams; words repeat, so most of this comes from the cache."""
    return tuple(crc32(feature.encode()) for feature in _features(word))


def _features(word: str) -> Iterator[str]:
    marked = f"<{word}>"  # so that a prefix differs from a suffix
    yield marked
    if len(marked) > _GRAM:
        for start in range(len(marked) - _GRAM + 1):
            yield marked[start : start + _GRAM]
