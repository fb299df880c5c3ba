"""The limit: how soon a CUSUM finds a spike that is told everything about it."""

from functools import cache
from math import inf, log

import numpy as np
from scipy.stats import poisson

from stream.bench.alert_scores import BUDGET
from stream.bench.alert_weeks import CLUSTERS, DAY, Planted, World, times


def limit(world: World) -> list[float]:
    """Delays of a CUSUM that knows everything, in minutes from a spike's first failure."""
    return [_limit_of(world, spike) for spike in world.spikes]


def _limit_of(world: World, spike: Planted) -> float:
    expected = world.expected[spike.cluster]
    usual = float(expected[max(spike.start - 60, 0) : spike.start + 60].mean())
    if spike.new:
        usual = float(expected[spike.start])
    threshold = cusum_threshold(_rounded(usual), _rounded(spike.factor))
    at = times(world, spike.cluster)
    at = at[(at >= spike.start - DAY // 2) & (at < spike.end)]
    total = np.concatenate([[0.0], np.cumsum(expected)])
    ideal = np.interp(at, np.arange(world.minutes + 1), total)
    steps = log(spike.factor) - (spike.factor - 1) * np.diff(ideal, prepend=ideal[:1])
    level = 0.0
    for when, step in zip(at.tolist(), steps.tolist(), strict=True):
        level = max(level, 0.0) + step if level + step > 0 else max(0.0, log(spike.factor))
        if level >= threshold and when >= spike.start:
            return float(when - at[at >= spike.start][0])
    return inf


def _rounded(value: float) -> float:
    """To the next fifth or so: a threshold depends on the logarithm, and takes long to find."""
    return float(1.2 ** round(log(value, 1.2)))


@cache
def cusum_threshold(usual: float, factor: float) -> float:
    """The threshold with a run length of a hundred weeks, at ``usual`` failures a minute."""
    wanted = CLUSTERS * 7 * DAY / BUDGET
    low, high = 1.0, 20.0
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (low, middle) if run_length(usual, factor, middle) >= wanted else (middle, high)
    return high


def run_length(usual: float, factor: float, threshold: float, width: float = 0.1) -> float:
    """Mean minutes between false alarms, by the Markov chain of Brook and Evans (1972).

    A step is the time in which the level falls by ``width``; a jump that ends between two states
    goes to either with the probability that keeps its mean.
    """
    mean = width / (factor - 1)
    levels = np.arange(int(np.ceil(threshold / width))) * width
    states = np.arange(len(levels))
    moves = np.zeros((len(levels), len(levels)))
    for count in range(int(poisson.isf(1e-12, mean)) + 1):
        risen = levels + count * log(factor)
        place = np.maximum(risen / width - 1, 0.0)
        lower = np.floor(place + 1e-9).astype(int)
        upper = place - lower
        for to, part in ((lower, 1 - upper), (lower + 1, upper)):
            inside = (risen < threshold) & (to < len(levels))
            chance = poisson.pmf(count, mean) * part[inside]
            np.add.at(moves, (states[inside], to[inside]), chance)
    length = np.linalg.solve(np.eye(len(levels)) - moves, np.ones(len(levels)))
    return float(length[0] * mean / usual)
