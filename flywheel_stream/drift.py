"""Drift of satisfaction: that it changed, when that began, and what was deployed about then.

River's ADWIN (Bifet and Gavaldà, SDM 2007) watches the scores of each arm, in the order in which
they settled. What it drops says that something changed; the moment is the split of its window that
explains most (least squares). The window is kept as plain scores, from which the detector is
built again, so a restored one is the same to the bit.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from river.drift import ADWIN

from flywheel_stream.errors import expect_version
from flywheel_stream.events import Deployment
from flywheel_stream.settling import SCORES, Arm, Minute

DELTA = 0.02
"""ADWIN's confidence: the chance of a wrong cut at one look, by its bound; it is far rarer."""

WINDOW = 4096
"""Scores of an arm that are kept; the older half goes when they are more."""

MAX_ARMS = 12
"""Arms that are watched; the one that was silent longest makes room."""

MAX_DRIFTS = 50
"""Drifts that are remembered."""

BEFORE = 6 * 3600.0
"""Seconds before a drift in which a deployment is named."""

_VERSION = 1


class Drifted(NamedTuple):
    """Satisfaction of an arm went from one level to another; times in seconds of the epoch.

    ``arm`` is a variant without a model, or a model where there are no variants.
    """

    arm: Arm
    began: float
    noticed: float
    before: float
    after: float


class Drift:
    """The drifts of one app: a fold over its settled minutes."""

    def __init__(self) -> None:
        self._arms: dict[Arm, _Watch] = {}
        self._drifts: deque[Drifted] = deque(maxlen=MAX_DRIFTS)

    def settle(self, minute: Minute) -> None:
        """Takes in the scores of a minute."""
        for call in minute.calls:
            if call.score is None or not call.counts:
                continue
            # A variant goes on through its models: that one replaced another is what may be seen.
            arm = Arm("", call.arm.variant) if call.arm.variant else call.arm
            watch = self._arms.pop(arm, None) or _Watch()
            self._arms[arm] = watch  # the latest last
            while len(self._arms) > MAX_ARMS:
                del self._arms[next(iter(self._arms))]
            found = watch.update(minute.minute, call.score)
            if found is not None:
                began, before, after = found
                noticed = 60.0 * (minute.minute + 1)
                self._drifts.append(Drifted(arm, 60.0 * began, noticed, before, after))

    def rows(self) -> list[Drifted]:
        """Drifts in the order in which they were noticed, the latest ones."""
        return list(self._drifts)

    def dump(self) -> dict[str, Any]:
        """All of the state as plain data, for ``load``."""
        return {
            "v": _VERSION,
            "arms": [[*arm, *watch.dump()] for arm, watch in self._arms.items()],
            "drifts": [[*drift.arm, *drift[1:]] for drift in self._drifts],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Replaces the state by what ``dump`` gave.

        Raises:
            StateError: another version wrote it.
        """
        expect_version(state, _VERSION, "Drift")
        self._arms = {Arm(m, v): _Watch(minutes, scores) for m, v, minutes, scores in state["arms"]}
        self._drifts = deque(
            (Drifted(Arm(m, v), *rest) for m, v, *rest in state["drifts"]), maxlen=MAX_DRIFTS
        )


class _Watch:
    """The scores of an arm, and the detector that has seen exactly these."""

    def __init__(self, minutes: Sequence[int] = (), scores: Sequence[int] = ()) -> None:
        self._minutes = list(minutes)
        self._scores = list(scores)
        self._detector: Any = _detector(self._scores)

    def update(self, minute: int, score: int) -> tuple[int, float, float] | None:
        """Takes a score; returns the minute of a change and the means before and after it."""
        self._minutes.append(minute)
        self._scores.append(score)
        self._detector.update(score / SCORES)
        if not self._detector.drift_detected:
            if len(self._scores) >= WINDOW:
                self._cut(WINDOW // 2)
            return None
        scores = np.array(self._scores) / SCORES
        place = _split(scores)
        began = self._minutes[place]
        self._cut(place)
        return began, float(scores[:place].mean()), float(scores[place:].mean())

    def _cut(self, place: int) -> None:
        del self._minutes[:place], self._scores[:place]
        self._detector = _detector(self._scores)

    def dump(self) -> list[Any]:
        return [self._minutes, self._scores]


def _detector(scores: Iterable[int]) -> Any:  # River has no types
    detector: Any = ADWIN(delta=DELTA)  # type: ignore[no-untyped-call]
    for score in scores:
        detector.update(score / SCORES)
    return detector


def _split(scores: Any) -> int:
    """The place at which two means explain most of the variance."""
    number = len(scores)
    left = np.arange(1, number)
    deviation = np.cumsum(scores)[:-1] - left * scores.mean()
    return int(np.argmax(deviation**2 / (left * (number - left)))) + 1


def suspects(drift: Drifted, deployments: Iterable[Deployment], most: int = 3) -> list[Deployment]:
    """What was deployed to the arm about when it began, the nearest first."""
    fitting = [
        deployment
        for deployment in deployments
        if drift.began - BEFORE <= deployment.at <= drift.noticed
        and deployment.variant in {"", drift.arm.variant}
    ]
    return sorted(fitting, key=lambda d: (abs(d.at - drift.began), d.at))[:most]
