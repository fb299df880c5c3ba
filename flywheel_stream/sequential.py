"""Tests and intervals that stay valid however often they are looked at.

Each is a test martingale: evidence that, where there is no difference, has a mean of at most 1
whenever one stops, so that by Ville's inequality it ever reaches ``1 / alpha`` with a probability
of at most ``alpha``. An interval holds the values that are not refuted at that level. The state of
each is a few sums, so it is dumped, restored and looked at as often as one likes.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Interval(NamedTuple):
    """Lower and upper end of a confidence interval."""

    low: float
    high: float

    def excludes(self, value: float) -> bool:
        """Whether a value lies outside."""
        return not self.low <= value <= self.high


# ---------------------------------------------------------------- differences of means

STEPS = 16
"""Differences are counted in sixteenths: what halves averaged over up to eight calls give."""

LEVELS = np.arange(-STEPS, STEPS + 1) / STEPS
"""Differences that can be counted, -1..1; shape (33,)."""

BET_SCALE = 0.2
"""Middle of the prior of bets. The right bet is the difference over its variance, so half of the
weight lies on differences below eight points where 70 % are satisfied, and on smaller ones where
satisfaction varies less.
"""


def _cauchy(points: Floats, scale: float) -> Floats:
    """Logarithms of weights of a rising grid by a half-Cauchy distribution; they sum to 1."""
    middles = np.sqrt(points[1:] * points[:-1])
    edges = np.concatenate(([0.0], middles, [np.inf]))
    mass = np.diff(np.arctan(edges / scale) * 2 / np.pi)
    logs: Floats = np.log(mass)
    return logs


# Up to 0.83 of the largest bet.
_BETS: Floats = 0.002 * np.power(1.25, np.arange(28, dtype=np.float64))
_BET_LOGS = _cauchy(_BETS, BET_SCALE)


def _factors(mean: float) -> Floats:
    """Logarithms of what each bet makes of the stake at each level, against a mean; (33, 28)."""
    factors: Floats = np.log1p(np.outer(LEVELS - mean, _BETS) / (1.0 + mean))
    return factors


_FAIR = _factors(0.0)


def higher(counts: Ints, mean: float = 0.0) -> Floats:
    """Log evidence that the mean of differences is above ``mean``.

    A gambler who bets on each difference multiplies the stake by a factor that is 1 in the mean if
    ``mean`` is right; the evidence is what a fixed mixture of bets has won (Waudby-Smith and Ramdas,
    JRSS B 2024, section 4). It falls as ``mean`` rises. Bounded outcomes are all that it assumes:
    no distribution, no least number.

    Args:
        counts: how often each of ``LEVELS`` was seen; shape (..., 33).
        mean: -1..1.

    Returns:
        Natural logarithms, shape (...).
    """
    if mean >= 1.0:
        return np.full(counts.shape[:-1], -math.inf)
    if mean <= -1.0:
        return np.full(counts.shape[:-1], math.inf)
    return _logsumexp(counts @ (_factors(mean) if mean else _FAIR) + _BET_LOGS)


def lower(counts: Ints, mean: float = 0.0) -> Floats:
    """Log evidence that the mean of differences is below ``mean``; see ``higher``."""
    return higher(counts[..., ::-1], -mean)


def difference_interval(counts: Ints, alpha: float) -> Interval:
    """A confidence sequence of the mean of differences; ``counts`` has shape (33,)."""
    if not counts.sum():
        return Interval(-1.0, 1.0)
    bar = math.log(2.0 / alpha)
    return Interval(_refuted(counts, bar), -_refuted(counts[::-1], bar))


def _refuted(counts: Ints, bar: float) -> float:
    """The largest mean that is refuted from below."""
    low, high = -1.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        if float(higher(counts, middle)) >= bar:
            low = middle
        else:
            high = middle
    return low


# ---------------------------------------------------------------- ratios of rates

RATIO_STEP = 1 / 16
RATIOS: Floats = np.arange(-64, 65, dtype=np.float64) * RATIO_STEP
"""Log ratios of rates that are weighed: from 1 : 55 to 55 : 1."""

RATIO_SCALE = 0.5
"""Middle of the prior of log ratios that are looked for: half of the weight below 1.6 times."""

_SHIFTS: Floats = np.arange(1, 49, dtype=np.float64) * RATIO_STEP  # up to 20 times
_SHIFT_LOGS = _cauchy(_SHIFTS, RATIO_SCALE)
_NONE = len(RATIOS) // 2


def ratio_term(share: float, *, second: bool) -> Floats:
    """Log likelihoods, up to a constant, that a failure hit the arm that it did.

    Summed over failures that is Cox's partial likelihood (1975): what is common to both arms, such
    as a rate that goes up and down with the hour, cancels.

    Args:
        share: of the calls at risk those of the second arm; within 0..1, not at its ends.
        second: whether it hit the second arm.

    Returns:
        Shape of ``RATIOS``.
    """
    terms: Floats = -np.log(share * np.exp(RATIOS) + (1.0 - share))
    return terms + RATIOS if second else terms


def ratio_evidence(likelihoods: Floats) -> tuple[float, float]:
    """Log evidence that the ratio is above 1, and that it is below 1."""
    return float(_above(likelihoods)[_NONE]), float(_above(likelihoods[::-1])[_NONE])


def _above(likelihoods: Floats) -> Floats:
    """Log evidence that the ratio is above each of ``RATIOS``; it falls along the grid."""
    beyond = np.full(len(_SHIFTS), -math.inf)  # what is not on the grid is not bet on
    later = sliding_window_view(np.concatenate((likelihoods[1:], beyond)), len(_SHIFTS))
    return _logsumexp(later[: len(RATIOS) - 1] - likelihoods[:-1, None] + _SHIFT_LOGS)


def ratio_interval(likelihoods: Floats, alpha: float) -> Interval:
    """A confidence sequence of the ratio of rates, second arm over first; at most 1/55..55."""
    bar = math.log(2.0 / alpha)
    low, high = _refuted_ratio(likelihoods, bar), -_refuted_ratio(likelihoods[::-1], bar)
    return Interval(math.exp(low), math.exp(high))


def _refuted_ratio(likelihoods: Floats, bar: float) -> float:
    """The largest log ratio that is refuted from below, between two points of the grid."""
    evidence = _above(likelihoods)
    place = int((evidence < bar).argmax())
    if evidence[place] >= bar:  # everywhere
        return float(RATIOS[-1])
    if place == 0:
        return float(RATIOS[0])
    last, found = evidence[place - 1], evidence[place]
    return float(RATIOS[place - 1] + (last - bar) / (last - found) * RATIO_STEP)


# ---------------------------------------------------------------- shares


def share_evidence(counts: Ints, shares: Floats) -> float:
    """Log evidence that calls are not shared out as they should be.

    A Dirichlet mixture over what the shares may be instead, centred on ``shares`` (Lindon and
    Malek, NeurIPS 2022).

    Args:
        counts: calls of each arm.
        shares: what each should have; sums to 1, none is 0.
    """
    prior = shares * SHARE_WEIGHT
    mixture = gammaln(prior + counts).sum() - gammaln(prior).sum()
    mixture += gammaln(SHARE_WEIGHT) - gammaln(SHARE_WEIGHT + counts.sum())
    return float(mixture - (counts * np.log(shares)).sum())


SHARE_WEIGHT = 100.0
"""Calls that the prior of shares is worth: deviations of about five points are looked for."""


# ---------------------------------------------------------------- by the normal distribution


def normal_interval(estimate: float, variance: float, scale: float, alpha: float) -> Interval:
    """An asymptotic confidence sequence around an estimate that sums many outcomes.

    Robbins' normal mixture, by the variance that was seen (Johari et al., KDD 2017; why the normal
    distribution may be taken: Waudby-Smith et al., Annals of Statistics 2024). It asks for tens of
    outcomes in each group.

    Args:
        estimate: what was measured.
        variance: of the estimate.
        scale: the size of deviations at which it shall be narrowest.
        alpha: the rate at which it may ever miss.
    """
    if not variance > 0:
        return Interval(estimate, estimate)
    reach = math.sqrt(variance * boundary(scale * scale / variance, alpha))
    return Interval(estimate - reach, estimate + reach)


def boundary(information: float, alpha: float) -> float:
    """Squared deviations in standard errors that a normal mixture asks for.

    Args:
        information: prior variance of the deviation over variance of the estimate; above 0.
        alpha: the rate at which the boundary may ever be crossed by chance.
    """
    return (1.0 + 1.0 / information) * (math.log1p(information) - 2.0 * math.log(alpha))


Z_POWER = 0.8416
"""Standard errors beyond a boundary at which it is crossed in 80 % of cases."""


def detectable(variance: float, scale: float, alpha: float) -> float:
    """The smallest deviation that would by now have been found in at least 80 % of cases."""
    if not variance > 0:
        return math.inf
    deviations = math.sqrt(boundary(scale * scale / variance, alpha)) + Z_POWER
    return deviations * math.sqrt(variance)


def wilson(successes: float, number: float, z: float = 1.96) -> Interval:
    """Wilson's score interval of a share (JASA 1927), for one look; 0..1 where nothing was seen."""
    if not number:
        return Interval(0.0, 1.0)
    share = successes / number
    spread = z * z / number
    middle = (share + spread / 2) / (1 + spread)
    reach = z / (1 + spread) * math.sqrt(share * (1 - share) / number + spread / number / 4)
    return Interval(max(middle - reach, 0.0), min(middle + reach, 1.0))


def _logsumexp(logs: Floats) -> Floats:
    top = logs.max(axis=-1, keepdims=True)
    out: Floats = np.log(np.exp(logs - top).sum(axis=-1)) + top[..., 0]
    return out
