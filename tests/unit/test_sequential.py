"""Tests that may be looked at at any time: quiet without a difference, quick with one, exact."""

import math

import numpy as np
import pytest

from flywheel_stream.sequential import (
    LEVELS,
    RATIOS,
    STEPS,
    Interval,
    detectable,
    difference_interval,
    higher,
    lower,
    normal_interval,
    ratio_evidence,
    ratio_interval,
    ratio_term,
    share_evidence,
    wilson,
)

ALPHA = 0.05
BAR = math.log(2 / ALPHA)


def paths(first: float, second: float, *, runs: int, length: int, seed: int) -> np.ndarray:
    """Counts of differences of 0-or-1 outcomes as they grow; shape (length, runs, 33)."""
    rng = np.random.default_rng(seed)
    found = (rng.random((length, runs)) < second).astype(int)
    found -= rng.random((length, runs)) < first
    steps = np.zeros((length, runs, len(LEVELS)), dtype=np.int64)
    np.put_along_axis(steps, (found * STEPS + STEPS)[..., None], 1, axis=-1)
    return np.cumsum(steps, axis=0)


def first_look(counts: np.ndarray) -> np.ndarray:
    """The first look of each run at which either side is refuted; beyond the end: never."""
    crossed = np.maximum(higher(counts), lower(counts)) >= BAR
    return np.where(crossed.any(axis=0), crossed.argmax(axis=0) + 1, len(counts) + 1)


@pytest.mark.parametrize("rate", [0.7, 0.95])
def test_without_a_difference_at_most_five_per_cent_are_ever_wrong(rate: float) -> None:
    looks = first_look(paths(rate, rate, runs=200, length=600, seed=1))
    assert (looks <= 600).mean() <= ALPHA


def test_a_difference_of_five_points_takes_at_most_half_more_than_a_fixed_size() -> None:
    fixed = (1.96 + 0.8416) ** 2 * (0.7 * 0.3 + 0.75 * 0.25) / 0.05**2
    looks = first_look(paths(0.7, 0.75, runs=60, length=2600, seed=2))
    assert np.median(looks) <= 1.5 * fixed


def test_the_interval_holds_the_difference_at_every_look() -> None:
    missed = 0
    for seed in range(20):
        counts = paths(0.6, 0.75, runs=1, length=400, seed=seed)[:, 0]
        looks = (difference_interval(counts[n], ALPHA) for n in range(0, 400, 20))
        missed += any(interval.excludes(0.15) for interval in looks)
    assert missed <= 20 * ALPHA


def test_the_interval_leaves_out_zero_exactly_when_the_evidence_says_so() -> None:
    for counts in paths(0.6, 0.75, runs=1, length=600, seed=3)[::20, 0]:
        sure = max(float(higher(counts)), float(lower(counts))) >= BAR
        assert difference_interval(counts, ALPHA).excludes(0.0) == sure


def test_nothing_seen_says_nothing() -> None:
    none = np.zeros(len(LEVELS), dtype=np.int64)
    assert difference_interval(none, ALPHA) == Interval(-1.0, 1.0)
    assert float(higher(none)) == pytest.approx(0.0)
    low, high = ratio_interval(np.zeros(len(RATIOS)), ALPHA)
    assert (low, high) == (math.exp(RATIOS[0]), math.exp(RATIOS[-1]))


def test_evidence_falls_as_the_mean_rises() -> None:
    counts = paths(0.5, 0.7, runs=1, length=100, seed=4)[-1, 0]
    found = [float(higher(counts, mean)) for mean in np.linspace(-0.95, 0.95, 39)]
    assert found == sorted(found, reverse=True)
    assert higher(counts, 1.0) == -math.inf
    assert higher(counts, -1.0) == math.inf


def test_it_is_the_same_whichever_arm_is_called_the_first() -> None:
    counts = paths(0.5, 0.7, runs=1, length=300, seed=5)[-1, 0]
    low, high = difference_interval(counts, ALPHA)
    assert difference_interval(counts[::-1], ALPHA) == Interval(-high, -low)


# ---------------------------------------------------------------- ratios


def failures(ratio: float, shares: np.ndarray, seed: int) -> np.ndarray:
    """Log likelihoods as failures come; shape (failures, ratios)."""
    rng = np.random.default_rng(seed)
    second = rng.random(len(shares)) < ratio * shares / (ratio * shares + 1 - shares)
    terms = [ratio_term(s, second=bool(hit)) for s, hit in zip(shares, second, strict=True)]
    return np.cumsum(terms, axis=0)


def test_equal_rates_are_rarely_told_apart_whatever_the_shares() -> None:
    wrong = 0
    for seed in range(100):
        shares = np.random.default_rng(seed).uniform(0.02, 0.6, 150)
        looks = (max(ratio_evidence(found)) >= BAR for found in failures(1.0, shares, seed + 1000))
        wrong += any(looks)
    assert wrong <= 100 * ALPHA


def test_a_ratio_of_three_is_found_and_its_interval_holds_it() -> None:
    found = failures(3.0, np.full(300, 0.5), 1)[-1]
    low, high = ratio_interval(found, ALPHA)
    assert 1.5 < low < 3.0 < high < 6.0
    turned = ratio_interval(failures(1 / 3.0, np.full(300, 0.5), 1)[-1], ALPHA)
    assert turned.high < 1.0


def test_the_ratio_interval_agrees_with_the_evidence() -> None:
    for found in failures(1.8, np.full(300, 0.4), 2)[::10]:
        sure = max(ratio_evidence(found)) >= BAR
        assert ratio_interval(found, ALPHA).excludes(1.0) == sure


# ---------------------------------------------------------------- the others


def test_a_split_that_is_off_is_found_and_a_fair_one_is_not() -> None:
    shares = np.array([0.9, 0.1])
    assert share_evidence(np.array([9_000, 1_000]), shares) < 0
    assert share_evidence(np.array([8_700, 1_300]), shares) > math.log(100)
    wrong = 0
    for seed in range(200):
        hits = np.cumsum(np.random.default_rng(seed).random(1000) < 0.1)
        counts = [np.array([n + 1 - hits[n], hits[n]]) for n in range(0, 1000, 50)]
        wrong += any(share_evidence(found, shares) >= math.log(100) for found in counts)
    assert wrong <= 200 * 0.02


def test_an_asymptotic_interval_holds_its_mean_at_every_look() -> None:
    missed = 0
    for seed in range(200):
        seen = np.cumsum(np.random.default_rng(seed).random(2000) < 0.7)
        for n in range(50, 2000, 25):
            share = seen[n - 1] / n
            if normal_interval(share, share * (1 - share) / n, 0.05, ALPHA).excludes(0.7):
                missed += 1
                break
    assert missed <= 200 * ALPHA


def test_what_is_detectable_shrinks_with_what_was_seen() -> None:
    found = [detectable(0.4 / n, 0.05, ALPHA) for n in (100, 1000, 10_000)]
    assert found == sorted(found, reverse=True)
    assert detectable(0.0, 0.05, ALPHA) == math.inf
    assert normal_interval(0.3, 0.0, 0.05, ALPHA) == Interval(0.3, 0.3)


def test_wilson_is_as_in_the_books() -> None:
    # Newcombe, Statistics in Medicine 1998, table I: 81 of 263, 15 of 148, 0 of 20.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(0, 0) == Interval(0.0, 1.0)
