"""Topics of ordinary traffic, and failures that are about none of them.

The sample of all traffic is clustered; how near each of it came to what was there before is counted.
A failure that is farther from every topic than nearly all of that traffic was is of an unseen one,
so the bar sets itself whatever the vectors are. Silent until enough is known.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from flywheel_stream.clusters import Clusters
from flywheel_stream.events import Finding

KIND: Final = "unseen_topic"
CONFIDENCE: Final = 0.6
RARE: Final = 0.02
"""Share of ordinary traffic that is as far from what was seen before it."""
_CAPACITY: Final = 256
_WARM: Final = 500
"""Records of the sample that are learnt before their distances count: the first ones are all far."""
_KNOWN: Final = 500
"""Distances that are counted before anything is said."""
_BINS: Final = 200  # of the cosine, from -1 to 1
_FADES: Final = 10_000  # counts halve when there are so many: topics drift


class Topics:
    """What an app's users ask about.

    Args:
        dims: length of the vectors.
    """

    def __init__(self, dims: int) -> None:
        self._clusters = Clusters(capacity=_CAPACITY, dims=dims, window=0, exemplars=0)
        self._seen = 0
        self._near = np.zeros(_BINS, dtype=np.int64)

    def learn(self, record_id: str, vector: NDArray[np.float32], ts: float) -> None:
        """Learns from a record of the sample.

        Args:
            record_id: names the topic that it may found.
            vector: shape (dims,).
            ts: event time, seconds of the epoch.
        """
        nearest = self._clusters.assign(record_id, vector, ts).similarity
        self._seen += 1
        if self._seen > _WARM:
            self._near[_bin(nearest)] += 1
            if self._near.sum() >= _FADES:
                self._near //= 2

    def topic(self, vector: NDArray[np.float32]) -> str | None:
        """The id of the topic that a question is about; None if it is about none of them.

        Nothing is learnt from it, so it may be asked of calls outside of the sample.

        Args:
            vector: shape (dims,).
        """
        return self._clusters.home(vector)

    def unseen(self, vector: NDArray[np.float32]) -> Finding | None:
        """Says whether a question is about none of the topics.

        Args:
            vector: shape (dims,).
        """
        total = int(self._near.sum())
        nearest = self._clusters.nearest(vector)
        if total < _KNOWN or nearest is None:
            return None
        as_far = int(self._near[: _bin(nearest[1]) + 1].sum())
        if as_far > RARE * total:
            return None
        return Finding(
            KIND,
            CONFIDENCE,
            f"cosine {nearest[1]:.2f} with the nearest topic; {1 - RARE:.0%} of all traffic is nearer",
        )

    def dump(self) -> dict[str, Any]:
        """Everything, as plain data."""
        return {"clusters": self._clusters.dump(), "seen": self._seen, "near": self._near.tolist()}

    @classmethod
    def load(cls, state: dict[str, Any], dims: int) -> "Topics":
        """The inverse of ``dump``.

        Raises:
            StateError: the clusters do not load.
        """
        self = cls(dims)
        self._clusters = Clusters.load(state["clusters"])
        self._seen = state["seen"]
        self._near = np.array(state["near"], dtype=np.int64)
        return self


def _bin(cosine: float) -> int:
    return min(max(int((cosine + 1) * _BINS / 2), 0), _BINS - 1)
