"""Prints how often comparisons are wrong, and how much they take to be right.

Run ``python -m bench.arms`` in the repository; all traffic is drawn from seeds, nothing is read.
Each comparison is looked at after every event, by the code that the worker runs.
"""

import math
import random
import time
from collections.abc import Callable, Iterator
from statistics import median

import numpy as np

from flywheel_stream.drift import DELTA, Drift
from flywheel_stream.experiments import (
    ALPHA,
    CLUSTERS,
    FAILURES,
    MISMATCH,
    SATISFACTION,
    Comparison,
    Experiments,
)
from flywheel_stream.fairness import Fairness
from flywheel_stream.satisfaction import Stratum, who_votes
from flywheel_stream.sequential import BET_SCALE, LEVELS, STEPS, detectable, higher, lower
from flywheel_stream.settling import SCORES, Arm, Minute, Outcome

A, B = Arm("m-1", "a"), Arm("m-2", "b")
RUNS, EVENTS = 1_000, 1_000
POWER_RUNS = 100
Z_ALPHA, Z_POWER = 1.960, 0.8416

Rates = tuple[float, float]


def _events(
    rng: random.Random,
    satisfied: Rates,
    failing: Rates,
    share: float,
    *,
    clusters: int = 5,
    scored: float = 1.0,
) -> Iterator[Minute]:
    """One call a minute, so that every call is looked at; without an end."""
    minute = 0
    while True:
        second = rng.random() < share
        arm = B if second else A
        failed = rng.random() < failing[second]
        score = SCORES * (rng.random() < satisfied[second]) if rng.random() < scored else None
        cluster = f"c{rng.randrange(clusters)}" if failed else None
        call = Outcome(60.0 * minute, arm, "", score, failed, cluster, {})
        yield Minute(minute, [call], {arm: 1}, {})
        minute += 1


def _wrong(row: Comparison) -> dict[str, bool]:
    """Which questions were answered at any look; p-values are the least of all looks."""
    clusters = any(
        ratio.p <= ALPHA * CLUSTERS / (rank * (rank + 1))
        for rank, ratio in enumerate(row.clusters.values(), 1)
    )
    return {
        "satisfaction": row.p <= ALPHA * SATISFACTION,
        "failures": row.failures.p <= ALPHA * FAILURES,
        "a cluster": clusters,
    }


def quiet(satisfied: float, failing: float, share: float, events: int = EVENTS) -> None:
    """Arms without a difference: how many of the runs ever got a verdict."""
    wrong = dict.fromkeys(("satisfaction", "failures", "a cluster", "any of them"), 0)
    for seed in range(RUNS):
        live = Experiments()
        traffic = _events(random.Random(seed), (satisfied,) * 2, (failing,) * 2, share)
        for _ in range(events):
            live.settle(next(traffic))
        (row,) = live.rows()
        found = _wrong(row)
        for name, was in found.items():
            wrong[name] += was
        wrong["any of them"] += any(found.values())
    told = ", ".join(f"{name} {100 * n / RUNS:.1f} %" for name, n in wrong.items())
    print(
        f"  {events:,} calls, {100 * satisfied:.0f} % satisfied, {100 * failing:.0f} % failing, arm b"
        f" {100 * share:.0f} %: {told}"
    )


def fixed_size(rates: Rates) -> float:
    """Scored calls of both arms that a two-sided z-test at 5 % needs for a power of 80 %."""
    variance = sum(rate * (1 - rate) for rate in rates)
    return 2 * variance * ((Z_ALPHA + Z_POWER) / (rates[1] - rates[0])) ** 2


def power(rates: Rates) -> None:
    """Scored calls until the better arm has won, beside those of a test of fixed size."""
    fixed = fixed_size(rates)
    every = round(fixed / 50)  # by up to which the figures are too large
    needed: list[float] = []
    for seed in range(POWER_RUNS):
        live = Experiments()
        events = _events(random.Random(seed), rates, (0.0, 0.0), 0.5)
        number = 0
        while number < 6 * fixed:
            for _ in range(every):
                live.settle(next(events))
            number += every
            if live.rows()[0].p <= ALPHA * SATISFACTION:
                break
        else:
            number = int(1e9)
        needed.append(number)
    needed.sort()
    middle = median(needed)
    print(
        f"  {100 * rates[0]:.0f} % and {100 * rates[1]:.0f} %: median {middle:,.0f} calls, 80 % of runs by"
        f" {needed[int(0.8 * len(needed))]:,.0f}; fixed size {fixed:,.0f}; ratio {middle / fixed:.2f}"
    )


def pull_back(ratio: float, runs: int = 30) -> None:
    """Failures of both arms until the arm that fails more is pulled back."""
    needed = []
    for seed in range(runs):
        live = Experiments()
        events = _events(
            random.Random(seed), (0.7, 0.7), (0.05, 0.05 * ratio), 0.5, clusters=1, scored=0.0
        )
        for event in events:
            live.settle(event)
            if event.minute % 50 == 49:
                (row,) = live.rows() or (None,)
                if row is not None and row.verdict.kind == "pull_back":
                    needed.append(sum(row.failures.failures))
                    break
    print(f"  {ratio:g} times: median {median(needed):.0f} failures of both arms")


def _ever_found(rates: Rates, runs: int, blocks: int, every: int, seed: int = 1) -> float:
    """Share of runs in which blocks of one call of each arm ever show a difference."""
    rng = np.random.default_rng(seed)
    counts = np.zeros((runs, len(LEVELS)), dtype=np.int64)
    found = np.zeros(runs, dtype=bool)
    for block in range(1, blocks + 1):
        first, second = (rng.random(runs) < rate for rate in rates)
        counts[np.arange(runs), (second.astype(int) - first) * STEPS + STEPS] += 1
        if block % every == 0:
            evidence = np.maximum(higher(counts), lower(counts))
            found |= evidence >= math.log(2 / (ALPHA * SATISFACTION))
    return float(found.mean())


def quiet_for_long(blocks: int = 10_000, every: int = 4) -> None:
    """Satisfaction alone, of arms without a difference, for longer."""
    found = _ever_found((0.7, 0.7), RUNS, blocks, every)
    print(
        f"  {2 * blocks:,} calls, looked at after every {2 * every}th: satisfaction"
        f" {100 * found:.1f} % (promised: {100 * ALPHA * SATISFACTION:.0f} %)"
    )


def detectable_is_detected(blocks: int = 1_000) -> None:
    """How often a difference as large as was called detectable is found by then."""
    rate = 0.7
    variance = 2 * rate * (1 - rate)
    least = detectable(variance / blocks, BET_SCALE * variance, ALPHA * SATISFACTION)
    found = _ever_found((rate - least / 2, rate + least / 2), RUNS, blocks, 1)
    print(
        f"  after {blocks:,} calls of each arm {100 * least:.1f} points are called detectable:"
        f" found by then in {100 * found:.0f} % of {RUNS:,} runs"
    )


def mismatch(share: float, runs: int, calls: int = 5_000) -> None:
    """How often, and after how many calls, a split that should be even is said not to be."""
    needed = []
    for seed in range(runs):
        rng, live = random.Random(seed), Experiments({"a": 0.5, "b": 0.5})
        for minute in range(calls // 20):
            second = sum(rng.random() < share for _ in range(20))
            live.settle(Minute(minute, [], {A: 20 - second, B: second}, {}))
            if minute % 10 == 9 and (live.rows()[0].mismatch or 1.0) <= MISMATCH:
                needed.append(20 * (minute + 1))
                break
    after = f", after a median of {median(needed):,.0f} calls" if needed else ""
    print(
        f"  arm b gets {100 * share:.0f} %: said in {100 * len(needed) / runs:.1f} % of runs{after}"
    )


def drift(drop: float, streams: int = 50, scores: int = 10_000, change: int = 2_000) -> None:
    """When a fall is noticed and when it is said to have begun; what is said without one."""
    delays, errors, said = [], [], 0
    for seed in range(streams):
        rng, live = random.Random(seed), Drift()
        for n in range(scores):
            rate = 0.75 - drop * (n >= change)
            score = SCORES * (rng.random() < rate)
            live.settle(Minute(n, [Outcome(60.0 * n, A, "", score, False, None, {})], {}, {}))  # noqa: FBT003 - it did not fail
            if drop and n >= change and live.rows():
                break
        said += len(live.rows())
        for found in live.rows()[:1]:
            delays.append(found.noticed / 60 - change)
            errors.append(abs(found.began / 60 - change))
    if not drop:
        print(f"  no fall: {said} said in {streams * scores:,} scores")
    else:
        print(
            f"  a fall of {100 * drop:.0f} points: noticed in {len(delays)} of {streams}, after a median of"
            f" {median(delays):.0f} scores, the beginning off by {median(errors):.0f}"
        )


def fair(rates: dict[str, float], runs: int, minutes: int = 300) -> None:
    """How often a gap is said at any of the looks, one every ten minutes."""
    said = 0
    for seed in range(runs):
        rng, live = random.Random(seed), Fairness(["group"])
        for minute in range(minutes):
            calls, groups = [], dict.fromkeys((("group", name) for name in rates), 5)
            for name, rate in rates.items():
                for _ in range(5):
                    failed = rng.random() < 0.05
                    score = SCORES * (rng.random() < rate) if rng.random() < 0.3 else None
                    person = f"{name}{rng.random()}"
                    cluster = "c" if failed else None
                    calls.append(
                        Outcome(60.0 * minute, A, person, score, failed, cluster, {"group": name})
                    )
            live.settle(Minute(minute, calls, {}, groups))
            if minute % 10 == 9 and any(row.findings() for row in live.rows()):
                said += 1
                break
    print(f"  {rates}: said in {100 * said / runs:.1f} % of {runs} runs")


def votes(runs: int = 500) -> None:
    """A fifth of calls goes wrong, and whom it hit votes five times as often."""
    errors: dict[str, list[float]] = {"of rated": [], "of all": []}
    held = 0
    for seed in range(runs):
        rng = random.Random(seed)
        strata, good = [], 0
        for calls, rate, share in ((4_000, 0.9, 0.1), (1_000, 0.3, 0.5)):
            happy = sum(rng.random() < rate for _ in range(calls))
            up = sum(rng.random() < share for _ in range(happy))
            down = sum(rng.random() < share for _ in range(calls - happy))
            strata.append(Stratum(calls, up, 0, down))
            good += happy
        found, truth = who_votes(strata), good / 5_000
        errors["of rated"].append((found.among_rated or 0.0) - truth)
        errors["of all"].append((found.among_all or 0.0) - truth)
        held += not found.all_interval.excludes(truth)
    told = ", ".join(f"{name} {100 * sum(e) / runs:+.1f} points" for name, e in errors.items())
    print(f"  mean error {told}; the interval of all held the truth in {100 * held / runs:.1f} %")


def _timed(title: str, *parts: Callable[[], None]) -> None:
    start = time.perf_counter()
    print(title)
    for part in parts:
        part()
    print(f"  ({time.perf_counter() - start:.0f} s)")


def main() -> None:
    """Print all of it."""
    _timed(
        f"Equal arms, {RUNS:,} runs, looked at after each call; ever a verdict on:",
        lambda: quiet(0.7, 0.1, 0.5),
        lambda: quiet(0.9, 0.1, 0.1, 500),
        quiet_for_long,
    )
    _timed(
        f"A difference in satisfaction, {POWER_RUNS} runs; scored calls of both arms until it is said:",
        lambda: power((0.70, 0.75)),
        lambda: power((0.70, 0.65)),
        lambda: power((0.90, 0.95)),
    )
    _timed("What is called detectable:", detectable_is_detected)
    _timed("An arm that fails more:", lambda: pull_back(2.0), lambda: pull_back(3.0))
    _timed(
        "An even split, looked at every 200 calls of 5,000:",
        lambda: mismatch(0.5, 300),
        lambda: mismatch(0.45, 100),
    )
    _timed(f"Drift (delta {DELTA:g}):", lambda: drift(0.0), lambda: drift(0.1), lambda: drift(0.2))
    _timed(
        "Fairness, four groups, looked at 30 times:",
        lambda: fair(dict.fromkeys("abcd", 0.7), 200),
        lambda: fair({"a": 0.6, "b": 0.75, "c": 0.75, "d": 0.75}, 50),
    )
    _timed("Who votes:", votes)


if __name__ == "__main__":
    main()
