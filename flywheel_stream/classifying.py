"""Kinds of failure by likeness to those that people decided: a River classifier, calibrated.

Multinomial logistic regression over embeddings learns from every decision. Before it learns, it is
asked; how often it was right when it was at least that sure is what its word is worth (prequential
evaluation, Gama et al. 2013). Below ``SURE`` it is silent, as it is until enough was decided.
"""

import math
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from river.linear_model import SoftmaxRegression
from river.optim import SGD

from flywheel_stream.events import Finding

SURE: Final = 0.8
"""Share of right answers, at that sureness, from which on it speaks."""
LIKE: Final = 0.4
"""Cosine with the nearest that was decided, below which texts are strangers, as in clusters."""
_LEAST: Final = 15
"""Decisions at that sureness or above that the share is taken of."""
_REMEMBERED: Final = 300
"""Latest decisions that the share is taken of."""
_PASSES: Final = 5
"""Times that an example is learnt: decisions are few."""
_RATE: Final = 1.0


class KindClassifier:
    """Learns kinds from decisions and tells them for what looks the same; nothing is random."""

    def __init__(self) -> None:
        self._model: Any = SoftmaxRegression(optimizer=SGD(_RATE))  # River is half typed
        self._known: deque[NDArray[np.float32]] = deque(maxlen=_REMEMBERED)
        self._asked: deque[tuple[float, bool]] = deque(maxlen=_REMEMBERED)
        self._decided = 0

    def learn(self, vectors: Sequence[NDArray[np.float32]], kind: str) -> None:
        """Learns from a decision.

        Args:
            vectors: of the failures that it is about, shape (dims,) each.
            kind: what they were decided to be.
        """
        units = [_unit(vector) for vector in vectors]
        if not units:
            return
        examples = [_features(unit) for unit in units]
        if len(self._model.weights) > 1:  # asked of one of them: the others are its like
            best, surely = self._best(examples[0])
            self._asked.append((surely, best == kind))
        self._known.append(_unit(np.sum(units, axis=0)))
        self._decided += 1
        for _ in range(_PASSES):
            for example in examples:
                self._model.learn_one(example, kind)

    def predict(self, vector: NDArray[np.float32]) -> Finding | None:
        """The kind of a failure, with the share of decisions it is at least right in when as sure.

        Args:
            vector: of the failure, shape (dims,).

        Returns:
            A finding; None where that share is below ``SURE`` or not known, and for what is like
            nothing that was decided.
        """
        if len(self._asked) < _LEAST:
            return None
        unit = _unit(vector)
        if max(float(np.dot(known, unit)) for known in self._known) < LIKE:
            return None
        best, surely = self._best(_features(unit))
        # Of what was as sure; for the surest of all, of the surest there were.
        asked = sorted(self._asked, reverse=True)
        as_sure = sum(sureness >= surely for sureness, _ in asked)
        right = [was_right for _, was_right in asked[: max(as_sure, _LEAST)]]
        share = _at_least(sum(right), len(right))
        if share < SURE:
            return None
        return Finding(best, round(share, 2), f"like what was decided ({self._decided} decisions)")

    def _best(self, example: dict[int, float]) -> tuple[str, float]:
        odds = self._model.predict_proba_one(example)
        best = max(sorted(odds), key=odds.__getitem__)
        return best, float(odds[best])

    def dump(self) -> dict[str, Any]:
        """Everything, as plain data."""
        return {
            "weights": [
                [kind, [[place, float(w)] for place, w in sorted(weights.items())]]
                for kind, weights in self._model.weights.items()
            ],
            "asked": [[surely, right] for surely, right in self._asked],
            "known": [known.astype("<f4").tobytes() for known in self._known],
            "decided": self._decided,
        }

    @classmethod
    def load(cls, state: dict[str, Any]) -> "KindClassifier":
        """The inverse of ``dump``."""
        self = cls()
        for kind, weights in state["weights"]:
            self._model.weights[kind].update(dict(weights))
        self._asked.extend((surely, right) for surely, right in state["asked"])
        self._known.extend(np.frombuffer(known, "<f4") for known in state["known"])
        self._decided = state["decided"]
        return self


def _at_least(right: int, asked: int) -> float:
    """The lower end of Wilson's interval (1927), at 95 % one-sided: few decisions prove little."""
    z = 1.645
    share = right / asked
    middle = share + z * z / (2 * asked)
    spread = z * math.sqrt(share * (1 - share) / asked + z * z / (4 * asked * asked))
    return (middle - spread) / (1 + z * z / asked)


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    length = float(np.linalg.norm(vector)) or 1.0
    return (vector / length).astype(np.float32)


def _features(unit: NDArray[np.float32]) -> dict[int, float]:
    """River's form of a vector."""
    return dict(enumerate(unit.tolist()))
