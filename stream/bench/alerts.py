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
from collections.abc import Mapping
from math import inf
from typing import Any

from stream.bench import alert_causes
from stream.bench.alert_detectors import DETECTORS, tuned
from stream.bench.alert_limit import limit
from stream.bench.alert_ours import ours
from stream.bench.alert_scores import BUDGET, median, pool, quantile
from stream.bench.alert_weeks import CLUSTERS, simulate

SEED = 5

HISTORIES: Mapping[str, tuple[int, int, int]] = {"4 days": (4, 3, 5), "4 weeks": (28, 7, 2)}
"""Days of history, days watched after it, number of worlds."""

CAUSES = (2, 4, 7)
"""Worlds with planted causes, days of history, days watched after it."""


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
    rows = {"flywheel": pool(worlds, raised, limits)}
    thresholds: dict[str, float] = {}
    for name, detector in DETECTORS.items():
        thresholds[name], others = tuned(worlds, detector)
        rows[name] = pool(worlds, others, limits)
    told = [delay for found in limits for delay in found]
    failures = sum(int(world.counts.sum()) for world in worlds)
    ticks = sum(world.minutes * len(world.calls) for world in worlds)
    return {
        "spikes": len(told),
        "weeks": round(sum(world.weeks for world in worlds), 2),
        "limit": {
            "median_delay": median(told),
            "p90_delay": quantile(told, 0.9),
            "recall": round(sum(d < inf for d in told) / len(told), 3),
        },
        "detectors": {name: row.figures() for name, row in rows.items()},
        "thresholds": {name: round(value, 2) for name, value in thresholds.items()},
        "us_per_failure": round(1e6 * seconds / failures, 1),
        "us_per_app_minute": round(1e6 * seconds / ticks, 1),
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
