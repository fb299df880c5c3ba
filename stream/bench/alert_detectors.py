"""What others raise: a threshold on a count, a z-score, k sigma against the same hour."""

from collections.abc import Callable, Mapping, Sequence
from math import inf

import numpy as np
from numpy.typing import NDArray

from stream.bench.alert_scores import BUDGET, Alarm, score
from stream.bench.alert_weeks import Counts, World

WINDOW = 10
"""Minutes whose count the simple detectors look at."""
QUIET = 60
"""Minutes after which another crossing is another alarm."""


Detector = Callable[[World], NDArray[np.float64]]
"""Worlds to a statistic (clusters, minutes watched), to be held against a threshold."""


def counts_of_ten(world: World) -> NDArray[np.float64]:
    """The count of the last ten minutes itself."""
    return _windows(world.counts)[:, world.begin :].astype(float)


def z_score(world: World) -> NDArray[np.float64]:
    """That count against mean and deviation of all of the history."""
    windows = _windows(world.counts)
    past = windows[:, : world.begin]
    return _deviation(windows[:, world.begin :], past.mean(axis=1), past.std(axis=1))


def same_hour(world: World) -> NDArray[np.float64]:
    """That count against the same hour of the same weekday; of every day where it has none."""
    windows = _windows(world.counts)
    hour = np.arange(world.minutes) // 60
    past = np.arange(world.minutes) < world.begin
    found = np.empty((len(windows), world.minutes - world.begin))
    for slot in range(7 * 24):
        mine = (hour % (7 * 24) == slot) & ~past
        if not mine.any():
            continue
        like = (hour % (7 * 24) == slot) & past
        if not like.any():
            like = (hour % 24 == slot % 24) & past
        seen = windows[:, like]
        found[:, mine[world.begin :]] = _deviation(
            windows[:, mine], seen.mean(axis=1), seen.std(axis=1)
        )
    return found


def _windows(counts: Counts) -> Counts:
    total = np.cumsum(counts, axis=1)
    total[:, WINDOW:] = total[:, WINDOW:] - total[:, :-WINDOW]
    return total


def _deviation(
    windows: Counts, mean: NDArray[np.float64], deviation: NDArray[np.float64]
) -> NDArray[np.float64]:
    floor = np.sqrt(np.maximum(mean, WINDOW / 60))  # a cluster without history: one an hour
    return np.asarray((windows - mean[:, None]) / np.maximum(deviation, floor)[:, None])


DETECTORS: Mapping[str, Detector] = {
    "fixed threshold": counts_of_ten,
    "z-score on counts": z_score,
    "k sigma, same weekday-hour": same_hour,
}


def alarms(world: World, statistic: NDArray[np.float64], threshold: float) -> list[Alarm]:
    """An alarm at each crossing after an hour of quiet."""
    found = []
    for cluster, row in enumerate(statistic >= threshold):
        last = -inf
        for minute in np.flatnonzero(row).tolist():
            if minute - last > QUIET:
                app = int(world.app[cluster])
                found.append(Alarm(cluster, world.begin + minute + 1.0, app))
            last = minute
    return found


def tuned(worlds: Sequence[World], detector: Detector) -> tuple[float, list[list[Alarm]]]:
    """The lowest threshold with at most the allowed false alarms, and what it raises."""
    statistics = [detector(world) for world in worlds]
    low, high = 0.0, float(max(statistic.max() for statistic in statistics)) + 1
    allowed = BUDGET * sum(world.weeks for world in worlds)
    for _ in range(14):
        middle = (low + high) / 2
        raised = [alarms(w, s, middle) for w, s in zip(worlds, statistics, strict=True)]
        false = sum(len(score(w, r).false) for w, r in zip(worlds, raised, strict=True))
        low, high = (low, middle) if false <= allowed else (middle, high)
    return high, [alarms(w, s, high) for w, s in zip(worlds, statistics, strict=True)]
