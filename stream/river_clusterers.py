"""River's clusterers behind the interface that ``flywheel cluster`` needs, to compare with ours.

They are no choice for the worker: DBSTREAM numbers its clusters anew at each look, so that alerts
would change their subject, and neither can be dumped as plain data and loaded again exactly.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from river.cluster import DBSTREAM, KMeans, STREAMKMeans

SEED = 1


class Assigned(NamedTuple):
    """Where a record went, as ``clusters.Assignment`` has it."""

    cluster: str


class RiverClusters:
    """A clusterer of River's that learns each vector and is then asked where it belongs.

    Args:
        name: A key of ``CLUSTERERS``, and the front of each cluster's id.
        k: Clusters that it is told to find, if it is one that has to be told.
        seed: Of its first centres.
    """

    def __init__(self, name: str, k: int, seed: int = SEED) -> None:
        self._name = name
        self._model = CLUSTERERS[name](k, seed)

    def assign(self, record_id: str, vector: NDArray[np.float32], ts: float) -> Assigned:
        """Learn a vector and say where it belongs now; ``ts`` is of no account."""
        point = _features(vector)
        self._model.learn_one(point)
        return Assigned(self._label(point))

    def settle(self, vectors: Sequence[NDArray[np.float32]], clusters: Sequence[str]) -> list[str]:
        """Say where each vector belongs by the model as it is at the end."""
        return [self._label(_features(vector)) for vector in vectors]

    def _label(self, point: dict[int, float]) -> str:
        return f"{self._name}_{self._model.predict_one(point)}"


def _features(vector: NDArray[np.float32]) -> dict[int, float]:
    return dict(enumerate(vector.tolist()))


# DBSTREAM's default radius finds few clusters in unit vectors; this one is about ours: a distance of 1
# is a cosine of 0.5. The first centres of the others are near the middle, for of centres that are far
# away one or two are the nearest to all.
CLUSTERERS: dict[str, Callable[[int, int], Any]] = {
    "dbstream": lambda _k, _seed: DBSTREAM(
        clustering_threshold=1.0, fading_factor=0.001, cleanup_interval=1e9, minimum_weight=1.0
    ),
    "kmeans": lambda k, seed: KMeans(n_clusters=k, halflife=0.05, sigma=0.01, seed=seed),
    "streamkmeans": lambda k, seed: STREAMKMeans(  # type: ignore[no-untyped-call]  # as River has it
        chunk_size=2 * k, n_clusters=k, halflife=0.05, sigma=0.01, seed=seed
    ),
}
