"""What alarms are worth, held against the spikes that were planted."""

from collections.abc import Iterable, Sequence
from math import inf
from typing import Any, NamedTuple

import numpy as np

from stream.bench.alert_weeks import SETTLING, Planted, World, times

BUDGET = 1.0
"""False alarms a week over all clusters."""


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
            "median_delay": median(self.delays),
            "p90_delay": quantile(self.delays, 0.9),
            "median_over_limit": median(self.slower),
            "recall": round(found / len(self.delays), 3),
            "precision": round(found / max(found + self.false, 1), 3),
            "false_a_week": round(self.false / self.weeks, 2),
            "false_in_surges": self.in_surges,
        }


def median(values: Sequence[float]) -> float | None:
    """The middle of delays; None where it is one that was missed."""
    return quantile(values, 0.5)


def quantile(values: Sequence[float], part: float) -> float | None:
    """The delay that ``part`` of them stay below; None where it is one that was missed."""
    found = sorted(values)[min(int(part * len(values)), len(values) - 1)] if values else inf
    return None if found == inf else round(found, 2)


def pool(
    worlds: Sequence[World], raised: Sequence[Iterable[Alarm]], limits: Sequence[Sequence[float]]
) -> Pooled:
    """Scores of what was raised in each world, beside the limit's delays."""
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
