"""The directions in which texts differ most, along which they are compared.

An embedding has hundreds of directions, and a few dozen of them tell the subjects of one product
apart; the others differ from text to text whatever they are about. Likeness is measured along the
principal directions alone (Pearson 1901), the mean taken away, which says nothing of any text.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flywheel_stream.vectors import unit_rows

DIRECTIONS = 64
"""At most; fewer where vectors are shorter. ``docs/clusters.md`` tells what others do."""


class Subspace(NamedTuple):
    """Principal directions of some vectors."""

    mean: NDArray[np.float32]
    """Shape (dims,), what all have in common."""
    basis: NDArray[np.float32]
    """Shape (k, dims), rows of length 1 at right angles, the first with the most variance."""

    def view(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """See vectors along the principal directions, the mean taken away.

        Args:
            vectors: Shape (n, dims).

        Returns:
            Shape (n, k), rows of length 1, or 0 where nothing is left.
        """
        along: NDArray[np.float32] = np.matmul(vectors - self.mean, self.basis.T)
        return unit_rows(along)

    def view_one(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """See one vector, shape (dims,), likewise; the same bits on any number of cores."""
        along = np.vecdot(self.basis, vector - self.mean)
        length = np.sqrt(np.dot(along, along))
        scaled: NDArray[np.float32] = along / length if length else along
        return scaled


def principal(vectors: NDArray[np.float32]) -> Subspace:
    """Find the directions in which vectors differ most.

    Args:
        vectors: Shape (n, dims), n at least 1.
    """
    mean = vectors.mean(axis=0)
    centred = (vectors - mean).astype(np.float64)
    _, directions = np.linalg.eigh(centred.T @ centred)  # the least variance first
    basis = directions.T[::-1][:DIRECTIONS]
    return Subspace(mean, np.ascontiguousarray(basis, dtype=np.float32))
