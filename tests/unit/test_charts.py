"""CUSUM charts: the likelihood ratio, the run length that the threshold promises, restarts."""

from math import lgamma, log

import numpy as np
import pytest

from flywheel_stream.charts import RATIOS, Charts, likelihood, threshold


def negative_binomial(count: int, mean: float, shape: float) -> float:
    return (
        lgamma(shape + count)
        - lgamma(shape)
        - lgamma(count + 1)
        + shape * log(shape / (shape + mean))
        + count * log(mean / (shape + mean))
    )


@pytest.mark.parametrize("ratio", RATIOS)
def test_it_is_the_ratio_of_two_negative_binomials(ratio: float) -> None:
    wanted = negative_binomial(9, 4.0 * ratio, 12.0) - negative_binomial(9, 4.0, 12.0)
    assert likelihood(9, 4.0, ratio, 12.0) == pytest.approx(wanted)


def test_with_a_sure_baseline_it_is_that_of_two_poissons() -> None:
    assert likelihood(9, 4.0, 3.0, 1e9) == pytest.approx(9 * log(3.0) - 8.0, rel=1e-6)


def test_an_uncertain_baseline_raises_less() -> None:
    levels = [likelihood(30, 10.0, 3.0, shape) for shape in (2.0, 20.0, 200.0, 1e9)]
    assert levels == sorted(levels)


@pytest.mark.parametrize(("rate", "minutes"), [(0.02, 1_000_000), (0.5, 150_000), (5.0, 100_000)])
def test_the_run_length_is_at_least_what_the_threshold_is_for(rate: float, minutes: int) -> None:
    promised = 5_000.0
    counts = np.random.default_rng(2).poisson(rate, minutes)
    level = threshold(promised)
    charts, crossed = Charts(), 0
    for minute in np.flatnonzero(counts).tolist():
        found = charts.update(
            minute,
            int(counts[minute]),
            begin=float(minute),
            end=minute + 1.0,
            rate=rate,
            shape=1e9,
            usual=1.0,
        )
        if found.level >= level:
            crossed += 1
            charts.clear()
    assert minutes / promised / 8 < crossed < minutes / promised


def test_what_is_taken_back_leaves_the_charts_that_hold_it() -> None:
    charts, other = Charts(), Charts()
    for minute, count in ((100, 2), (101, 3)):
        for each, extra in ((charts, 1), (other, 0)):
            each.update(
                minute,
                count + extra,
                begin=float(minute),
                end=minute + 1.0,
                rate=0.01,
                shape=50.0,
                usual=1.0,
            )
    charts.retract(100)
    charts.retract(101)
    charts.retract(102)  # not taken yet
    assert charts == other
