"""``flywheel bench alerts``: how soon spikes are found and how often there was none, beside others.

Ours is the very class that the learner uses, ticks included. The others see the same failures: a
fixed threshold on the count of ten minutes, a z-score of that count, k sigma against the same hour
of the same weekday; each one's threshold is the best that keeps to the allowed false alarms in
these very weeks. The limit is a CUSUM (Page, 1954) that is told the true rate, rhythm and drift
included, and the factor of each spike, with the threshold whose run length is a hundred weeks a
cluster (Brook and Evans, 1972).
"""

import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from math import inf, log
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from flywheel_stream.alerts import Spike
from flywheel_stream.margins import Where, described, is_margin
from stream.bench import alert_causes
from stream.bench.alert_weeks import (
    CLUSTERS,
    DAY,
    SETTLING,
    SHARE,
    START,
    Bad,
    Counts,
    Planted,
    World,
    play,
    simulate,
    times,
)

SEED = 5
BUDGET = 1.0
"""False alarms a week over all clusters."""
MODELS = ("m1", "m2")
WINDOW = 10
"""Minutes whose count the simple detectors look at."""
QUIET = 60
"""Minutes after which another crossing is another alarm."""

HISTORIES: Mapping[str, tuple[int, int, int]] = {"4 days": (4, 3, 5), "4 weeks": (28, 7, 2)}
"""Days of history, days watched after it, number of worlds."""

CAUSES = (2, 4, 7)
"""Worlds with planted causes, days of history, days watched after it."""


class Alarm(NamedTuple):
    """Something was raised: in which cluster, and when, in minutes of the world.

    ``cluster`` is negative where none was named and none had a spike.
    """

    cluster: int
    at: float
    app: int = 0


class Score(NamedTuple):
    """What alarms are worth.

    ``delays`` are minutes from a spike's first failure, ``inf`` where it was missed.
    """

    delays: list[float]
    false: list[Alarm]
    in_surges: int
    weeks: float

    @property
    def found(self) -> int:
        """Spikes with an alarm."""
        return sum(delay < inf for delay in self.delays)


# ---------------------------------------------------------------- ours


def ours(world: World) -> list[Alarm]:
    """The alerts of the learner's own class, app by app.

    An incident that opens counts for the cluster that it is told by. Clusters that it names besides,
    then or later, count for their spikes from when they are named.
    """
    found: list[Alarm] = []
    for app in range(len(world.calls)):
        named: set[tuple[str, str]] = set()
        for spike in run_app(world, app):
            found += _alarms(world, app, spike, named)
    return found


def _alarms(world: World, app: int, spike: Spike, named: set[tuple[str, str]]) -> Iterator[Alarm]:
    if spike.state == "resolved":
        named -= {row for row in named if row[0] == spike.incident}
        return
    at = (spike.ts - START) / 60
    clusters = [int(name) for name in spike.clusters()]
    planted = {s.cluster for s in world.spikes if s.start < at <= s.end + SETTLING}
    for cluster in clusters:
        fresh = (spike.incident, str(cluster)) not in named
        named.add((spike.incident, str(cluster)))
        if fresh and (cluster in planted or str(cluster) == spike.subject):
            yield Alarm(cluster, at, app)
    begins = spike.state != "escalated"
    if begins and is_margin(spike.subject) and not planted.intersection(clusters):
        kind = described(spike.subject).get("kind")
        if not any(world.app[c] == app and kind in {None, world.way(c)} for c in planted):
            yield Alarm(-1, at, app)


def run_app(world: World, app: int) -> Iterator[Spike]:
    """What the learner's own class says of an app."""
    return play(f"app{app}", _failures(world, app), _calls(world, app))


def _failures(world: World, app: int) -> Iterator[Bad]:
    for cluster in np.flatnonzero(world.app == app).tolist():
        rows = zip(times(world, cluster).tolist(), world.model(cluster).tolist(), strict=True)
        for n, (at, model) in enumerate(rows):
            where = Where(MODELS[model])
            yield Bad(START + 60.0 * at, f"{cluster}/{n}", cluster, where, world.way(cluster))


def _calls(world: World, app: int) -> Iterator[dict[Where, int]]:
    for calls in world.calls[app].tolist():
        second = round(SHARE * calls)
        yield {Where(MODELS[0]): calls - second, Where(MODELS[1]): second}


# ---------------------------------------------------------------- simple detectors

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


# ---------------------------------------------------------------- the limit


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


# ---------------------------------------------------------------- what they are worth


def score(world: World, raised: Iterable[Alarm]) -> Score:
    """Holds alarms against the planted spikes; only what is after the history counts."""
    spikes: dict[int, list[Planted]] = {}
    for spike in world.spikes:
        spikes.setdefault(spike.cluster, []).append(spike)
    first: dict[Planted, float] = {}
    false = []
    surges = 0
    for alarm in sorted(raised, key=lambda alarm: alarm.at):
        if alarm.at <= world.begin:
            continue
        mine = [s for s in spikes.get(alarm.cluster, ()) if s.start < alarm.at <= s.end + SETTLING]
        if mine:
            first.setdefault(mine[0], alarm.at)
        else:
            false.append(alarm)
            minute = int(alarm.at) - 1
            surges += bool(world.surges[alarm.app, max(minute - 5, 0) : minute + 1].any())
    delays = [
        first[s] - _first_bad(world, s) if s in first and first[s] <= s.end else inf
        for s in world.spikes
    ]
    return Score(delays, false, surges, world.weeks)


def _first_bad(world: World, spike: Planted) -> float:
    at = times(world, spike.cluster)
    return float(at[np.searchsorted(at, spike.start)])


class Pooled(NamedTuple):
    """Scores of several worlds together."""

    delays: list[float]
    false: int
    in_surges: int
    weeks: float
    slower: list[float]  # than the limit, a spike; only where the limit finds it

    def figures(self) -> dict[str, Any]:
        """The row of the table."""
        found = sum(delay < inf for delay in self.delays)
        return {
            "median_delay": _median(self.delays),
            "p90_delay": _quantile(self.delays, 0.9),
            "median_over_limit": _median(self.slower),
            "recall": round(found / len(self.delays), 3),
            "precision": round(found / max(found + self.false, 1), 3),
            "false_a_week": round(self.false / self.weeks, 2),
            "false_in_surges": self.in_surges,
        }


def _median(values: Sequence[float]) -> float | None:
    return _quantile(values, 0.5)


def _quantile(values: Sequence[float], part: float) -> float | None:
    """None where it is one that was missed."""
    found = sorted(values)[min(int(part * len(values)), len(values) - 1)] if values else inf
    return None if found == inf else round(found, 2)


def _pool(
    worlds: Sequence[World], raised: Sequence[Iterable[Alarm]], limits: Sequence[Sequence[float]]
) -> Pooled:
    scores = [score(world, alarm) for world, alarm in zip(worlds, raised, strict=True)]
    delays = [delay for found in scores for delay in found.delays]
    told = [delay for found in limits for delay in found]
    return Pooled(
        delays,
        sum(len(found.false) for found in scores),
        sum(found.in_surges for found in scores),
        sum(found.weeks for found in scores),
        [d / max(t, 0.5) for d, t in zip(delays, told, strict=True) if t < inf],
    )


# ---------------------------------------------------------------- the figures


def bench_alerts(
    histories: Mapping[str, tuple[int, int, int]] = HISTORIES,
    seed: int = SEED,
    causes: tuple[int, int, int] = CAUSES,
) -> dict[str, Any]:
    """Measures every detector after each length of history, and what becomes of planted causes.

    Returns:
        By history: the number of spikes, the weeks watched, and by detector the delays in minutes
        (median, 90th percentile, the median of its ratio to the limit's), recall, precision, false
        alarms a week over all clusters and how many of them came with bursts of traffic; and what
        ``alert_causes.bench_causes`` says.
    """
    return {
        "clusters": CLUSTERS,
        "budget": BUDGET,
        "histories": {name: _measure(*days, seed) for name, days in histories.items()},
        "causes": alert_causes.bench_causes(seed, *causes),
        "python": platform.python_version(),
    }


def _measure(history: int, watched: int, number: int, seed: int) -> dict[str, Any]:
    worlds = [simulate(seed + n, history, watched) for n in range(number)]
    limits = [limit(world) for world in worlds]
    started = time.process_time()
    raised = [ours(world) for world in worlds]
    seconds = time.process_time() - started
    rows = {"flywheel": _pool(worlds, raised, limits)}
    thresholds: dict[str, float] = {}
    for name, detector in DETECTORS.items():
        thresholds[name], others = tuned(worlds, detector)
        rows[name] = _pool(worlds, others, limits)
    told = [delay for found in limits for delay in found]
    failures = sum(int(world.counts.sum()) for world in worlds)
    ticks = sum(world.minutes * len(world.calls) for world in worlds)
    return {
        "spikes": len(told),
        "weeks": round(sum(world.weeks for world in worlds), 2),
        "limit": {
            "median_delay": _median(told),
            "p90_delay": _quantile(told, 0.9),
            "recall": round(sum(d < inf for d in told) / len(told), 3),
        },
        "detectors": {name: row.figures() for name, row in rows.items()},
        "thresholds": {name: round(value, 2) for name, value in thresholds.items()},
        "us_per_failure": round(1e6 * seconds / failures, 1),
        "us_per_app_minute": round(1e6 * seconds / ticks, 1),
    }


DETECTORS: Mapping[str, Detector] = {
    "fixed threshold": counts_of_ten,
    "z-score on counts": z_score,
    "k sigma, same weekday-hour": same_hour,
}


def table(result: Mapping[str, Any]) -> str:
    """The figures as one table."""
    lines = [
        f"{'':<30}{'median':>9}{'p90':>9}{'x limit':>9}{'recall':>9}{'precis.':>9}{'false/wk':>10}"
    ]
    for name, found in result["histories"].items():
        lines.append(f"after {name} ({found['spikes']} spikes, {found['weeks']} weeks)")
        lines += [_row(detector, row) for detector, row in found["detectors"].items()]
        lines.append(_row("CUSUM told both rates", found["limit"]))
    lines.append("delays in minutes from a spike's first failure; '-': most were missed")
    lines += ["", alert_causes.table(result["causes"])]
    return "\n".join(lines)


def _row(name: str, row: Mapping[str, Any]) -> str:
    keys = ("median_delay", "p90_delay", "median_over_limit", "recall", "precision", "false_a_week")
    widths = (9, 9, 9, 9, 9, 10)
    cells = (f"{_cell(row, key):>{width}}" for key, width in zip(keys, widths, strict=True))
    return f"  {name:<28}" + "".join(cells)


def _cell(row: Mapping[str, Any], key: str) -> str:
    if key not in row:
        return ""
    value = row[key]
    return "-" if value is None else f"{value:.2f}"
