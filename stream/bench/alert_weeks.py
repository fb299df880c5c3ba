"""Simulated weeks of failures with known spikes, for ``flywheel bench alerts``.

Several apps, each with a daily and a weekly rhythm of its calls and another one of its failures a
call, bursts of traffic at unchanged shares, shares that drift, clusters that are new and harmless,
and spikes whose begin, end and factor are known. Two models share the calls of an app, and each
cluster fails in one way. All of it is seeded. ``play`` tells the learner's own class of such weeks.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flywheel_stream.alerts import Alerts, Spike
from flywheel_stream.margins import Where

START = 1_750_032_000 // 604_800 * 604_800
"""Event time of a world's first minute."""
APPS = 5
CLUSTERS = 100
"""Known ones, spread over the apps; those that are new come on top."""
DAY = 1440
"""Minutes."""
SETTLING = 60
"""Minutes after a spike in which an alert still belongs to it."""
SHARE = 0.4
"""Of an app's calls, those of the second of its two models."""
WAYS = 8
"""In which clusters fail, each in one."""
Counts = NDArray[np.int64]
Rates = NDArray[np.float64]


class Planted(NamedTuple):
    """A spike: minutes from the start of the world, half-open; ``factor`` of the usual rate."""

    cluster: int
    start: int
    end: int
    factor: float
    new: bool


class World(NamedTuple):
    """What happens, by the minute.

    ``calls`` is (apps, minutes); ``expected`` and ``counts`` are (clusters, minutes): failures that
    were to be expected without spikes, and those that came. ``begin`` is the first minute after the
    history, ``surges`` (apps, minutes) says where ten times the usual calls come.
    """

    seed: int
    minutes: int
    begin: int
    app: NDArray[np.int64]
    calls: Counts
    surges: NDArray[np.bool_]
    expected: Rates
    counts: Counts
    spikes: list[Planted]

    def model(self, cluster: int) -> NDArray[np.int64]:
        """The model of each failure in ``counts`` of a cluster, in order."""
        rng = np.random.default_rng([self.seed, cluster, 1])
        return (rng.random(int(self.counts[cluster].sum())) < SHARE).astype(np.int64)

    def way(self, cluster: int) -> str:
        """How a cluster fails."""
        return f"way{cluster * 7 % WAYS}"

    @property
    def weeks(self) -> float:
        """How long is watched, in weeks."""
        return (self.minutes - self.begin) / (7 * DAY)


def simulate(seed: int, history: int, watched: int, *, spikes: bool = True) -> World:
    """A world of ``history`` and then ``watched`` days."""
    rng = np.random.default_rng([seed, history, watched])
    minutes = (history + watched) * DAY
    begin = history * DAY
    rhythm, surges, shape = _traffic(rng, minutes)
    calls = rng.poisson(rhythm)
    hourly = _rates(rng)
    app = np.arange(CLUSTERS) % APPS
    usual = rhythm.mean(axis=1, where=~surges)
    expected = np.empty((CLUSTERS, minutes))
    for c in range(CLUSTERS):
        share = hourly[c] / 60 / usual[app[c]] * shape[app[c]]
        expected[c] = share * _own(rng, minutes) * _drift(rng, minutes) * calls[app[c]]
    counts = rng.poisson(expected)
    planted = _plant(rng, expected, begin) if spikes else []
    for spike in planted:
        more = (spike.factor - 1) * expected[spike.cluster, spike.start : spike.end]
        counts[spike.cluster, spike.start : spike.end] += rng.poisson(more)
    world = World(seed, minutes, begin, app, calls, surges, expected, counts, planted)
    traffic = calls / usual[:, None] * shape
    return _newcomers(rng, world, traffic, spikes=spikes)


def _hours(minutes: int) -> Rates:
    return np.arange(minutes) / 60.0


def _traffic(rng: np.random.Generator, minutes: int) -> tuple[Rates, NDArray[np.bool_], Rates]:
    """Calls a minute, where they surge tenfold, and the rhythm of failures a call, by app."""
    hours = _hours(minutes)
    weekend = (hours // 24) % 7 >= 5
    calls, surges, shapes = [], [], []
    for _ in range(APPS):
        noon = rng.uniform(0, 24)
        level = rng.uniform(40, 200)
        daily = np.exp(rng.uniform(0.4, 0.9) * np.cos((hours - noon) / 24 * 2 * np.pi))
        weekly = np.where(weekend, rng.uniform(0.4, 0.8), 1.0)
        surge = np.zeros(minutes, dtype=bool)
        for start in np.flatnonzero(rng.random(minutes) < 2 / (7 * DAY)):
            surge[start : start + rng.integers(20, 60)] = True
        calls.append(level * daily * weekly * np.where(surge, 10.0, 1.0))
        surges.append(surge)
        worst = rng.uniform(0, 24)
        shape = rng.uniform(0.2, 0.5) * np.cos((hours - worst) / 24 * 2 * np.pi)
        shapes.append(np.exp(shape + np.where(weekend, rng.uniform(-0.3, 0.3), 0.0)))
    return np.array(calls), np.array(surges), np.array(shapes)


def _rates(rng: np.random.Generator) -> Rates:
    """Failures an hour: most clusters are small, two are at six a minute."""
    rates = np.exp(rng.uniform(np.log(0.2), np.log(60.0), CLUSTERS))
    rates[:2] = 360.0
    return rates


def _own(rng: np.random.Generator, minutes: int) -> Rates:
    """How a cluster departs from its app's rhythm."""
    phase = rng.uniform(0, 2 * np.pi)
    return np.asarray(
        np.exp(rng.uniform(0, 0.2) * np.cos(_hours(minutes) / 24 * 2 * np.pi + phase))
    )


def _drift(rng: np.random.Generator, minutes: int) -> Rates:
    """A share that wanders by some 5 % a day and comes back within weeks."""
    hours = minutes // 60 + 2
    steps = rng.normal(0, 0.05 / np.sqrt(24), hours)
    walk = np.empty(hours)
    level = 0.0
    for n, step in enumerate(steps):
        level = level * (1 - 1 / (14 * 24)) + step
        walk[n] = level
    return np.asarray(np.exp(np.interp(_hours(minutes), np.arange(hours), walk)))


FACTORS = (3.0, 5.0, 10.0, 30.0)


def _plant(rng: np.random.Generator, expected: Rates, begin: int) -> list[Planted]:
    """A spike in each cluster or so, long enough for a detector that is told everything."""
    found = []
    for cluster in range(expected.shape[0]):
        start = int(rng.integers(begin + SETTLING, expected.shape[1] - DAY // 2))
        usual = expected[cluster, start - 60 : start + 60].mean()
        fits = [f for f in FACTORS if 0.5 <= usual * f <= 20] or [FACTORS[0]]
        factor = float(rng.choice(fits))
        divergence = usual * (factor * np.log(factor) - factor + 1)
        length = int(np.clip(6 * 15.0 / divergence, 60, DAY // 3))
        if 3 * 15.0 / divergence <= length:
            found.append(Planted(cluster, start, start + length, factor, new=False))
    return found


def _newcomers(rng: np.random.Generator, world: World, traffic: Rates, *, spikes: bool) -> World:
    """Clusters never seen before: two a day that are harmless, some that fail once a minute."""
    watched = (world.minutes - world.begin) // DAY
    urgent = 2 * watched if spikes else 0
    harmless = 2 * watched
    apps, expected, counts, planted = [], [], [], []
    for n in range(urgent + harmless):
        start = int(rng.integers(world.begin + SETTLING, world.minutes - DAY // 2))
        rate = np.zeros(world.minutes)
        app = int(rng.integers(APPS))
        rate[start:] = rng.uniform(0.1, 1.0) / 60 * traffic[app, start:]
        count = rng.poisson(rate)
        if n < urgent:
            end = start + 120
            factor = 1.0 + 1.0 / float(rate[start:end].mean())
            count[start:end] += rng.poisson(1.0, end - start)
            planted.append(Planted(CLUSTERS + n, start, end, factor, new=True))
        apps.append(app)
        expected.append(rate)
        counts.append(count)
    return world._replace(
        app=np.concatenate([world.app, np.array(apps, dtype=np.int64)]),
        expected=np.vstack([world.expected, *expected]),
        counts=np.vstack([world.counts, *counts]),
        spikes=world.spikes + planted,
    )


# ---------------------------------------------------------------- as the learner sees it


class Bad(NamedTuple):
    """A failure, as the learner tells of it."""

    ts: float
    """Event time."""
    name: str
    """Of the call."""
    cluster: int
    where: Where
    kind: str


def times(world: World, cluster: int) -> Rates:
    """When a cluster's failures come, in minutes of the world, in order."""
    return spread(world.counts[cluster], np.random.default_rng([world.seed, cluster]))


def spread(counts: Counts, rng: np.random.Generator) -> Rates:
    """Counts by minute as moments in them, in order."""
    minutes = np.repeat(np.arange(len(counts)), counts)
    return np.sort(minutes + rng.random(len(minutes)))


def play(
    app: str, failures: Iterable[Bad], calls: Iterable[Mapping[Where, int]]
) -> Iterator[Spike]:
    """What the learner's own class says of an app.

    Args:
        app: its name.
        failures: in any order.
        calls: of each minute from ``START`` on, by what tells them apart.
    """
    alerts = Alerts(app)
    waiting = sorted(failures, reverse=True)
    end = float(START)
    for passed in calls:
        end += 60.0
        while waiting and waiting[-1].ts < end:
            _observe(alerts, waiting.pop())
        for tick in range(5, -1, -1):
            if tick == 0:
                alerts.traffic(int(end // 60) - 1, sum(passed.values()), passed)
            if not alerts.idle():
                yield from alerts.tick(end - 10.0 * tick)


def _observe(alerts: Alerts, bad: Bad) -> None:
    alerts.observe(
        str(bad.cluster),
        bad.ts,
        trace_id=bad.name,
        dedup_key=bad.name,
        user=bad.name,
        model=bad.where.model,
        variant=bad.where.variant,
        prompt_version=bad.where.prompt_version,
        values=bad.where.values,
        severity=0.5,
        excerpt="",
        kinds=[bad.kind],
        unsatisfied=True,
    )
