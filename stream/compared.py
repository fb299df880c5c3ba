"""What the learner tells apart, as plain data for ``summary.json`` and as rows of metrics."""

import math
from collections.abc import Iterable
from typing import Any

from flywheel_stream import metrics
from flywheel_stream.comparing import Picture
from flywheel_stream.drift import suspects
from flywheel_stream.events import Deployment
from flywheel_stream.experiments import Comparison, Ratio
from flywheel_stream.fairness import Gap, Group
from flywheel_stream.metrics import Metric
from flywheel_stream.satisfaction import Voters
from flywheel_stream.sequential import Interval
from flywheel_stream.settling import Arm
from flywheel_stream.windows import WindowStats

Rows = dict[Metric, dict[tuple[str, ...], float]]

SHOWN = (
    metrics.WINDOW_CALLS,
    metrics.WINDOW_SATISFIED,
    metrics.WINDOW_THUMBS,
    metrics.VOTES,
    metrics.ARM_DIFFERENCE,
    metrics.ARM_FAILURES,
    metrics.ARM_VERDICT,
    metrics.DRIFT_BEGAN,
    metrics.FAIRNESS,
)

# ---------------------------------------------------------------- plain data


def plain(picture: Picture, deployments: Iterable[Deployment]) -> dict[str, Any]:
    """A picture as ``summary.json`` holds it; what is not finite is null."""
    known = list(deployments)
    return {
        "windows": [
            {**row._asdict(), "name": picture.names.get((row.dimension, row.value))}
            for row in picture.windows
        ],
        "votes": [
            {**_arm(arm), **_voters(found)}
            for arm, found in sorted(picture.voters.items(), key=lambda item: item[0] or Arm(""))
        ],
        "arms": [_comparison(row) for row in picture.arms],
        "drifts": [
            {
                **drift.arm._asdict(),
                "began": drift.began,
                "noticed": drift.noticed,
                "before": drift.before,
                "after": drift.after,
                "deployments": [_deployment(d) for d in suspects(drift, known)],
            }
            for drift in picture.drifts
        ],
        "fairness": [_group(row) for row in picture.fairness],
        "deployments": [_deployment(deployment) for deployment in known],
    }


def _arm(arm: Arm | None) -> dict[str, str | None]:
    return {"model": None, "variant": None} if arm is None else arm._asdict()


def _voters(found: Voters) -> dict[str, Any]:
    return {
        "calls": found.calls,
        "rated": found.rated,
        "among_rated": found.among_rated,
        "rated_interval": _interval(found.rated_interval),
        "among_all": found.among_all,
        "all_interval": _interval(found.all_interval),
        "bounds": _interval(found.bounds),
    }


def _comparison(row: Comparison) -> dict[str, Any]:
    return {
        "first": row.first._asdict(),
        "second": row.second._asdict(),
        "since": row.since,
        "until": row.until,
        "calls": list(row.calls),
        "scored": list(row.scored),
        "satisfied": list(row.satisfied),
        "blocks": row.blocks,
        "difference": row.difference,
        "interval": _interval(row.interval),
        "p": row.p,
        "detectable": row.detectable if row.detectable < 1.0 else None,
        "failures": _ratio(row.failures),
        "detectable_ratio": _finite(row.detectable_ratio),
        "clusters": {name: _ratio(ratio) for name, ratio in row.clusters.items()},
        "mismatch": row.mismatch,
        "verdict": row.verdict.kind,
        "arm": None if row.verdict.arm is None else row.verdict.arm._asdict(),
        "sentence": row.verdict.sentence,
    }


def _ratio(ratio: Ratio) -> dict[str, Any]:
    return {
        "failures": list(ratio.failures),
        "ratio": ratio.estimate,
        "interval": _interval(ratio.interval),
        "p": ratio.p,
    }


def _group(row: Group) -> dict[str, Any]:
    return {
        **row._asdict(),
        "satisfaction_gap": _gap(row.satisfaction_gap),
        "failure_ratio": _gap(row.failure_ratio),
        "curated_ratio": _gap(row.curated_ratio),
        "findings": row.findings(),
    }


def _gap(gap: Gap | None) -> dict[str, Any] | None:
    if gap is None:
        return None
    return {"estimate": gap.estimate, "interval": _interval(gap.interval), "clear": gap.clear}


def _interval(interval: Interval) -> list[float]:
    return [interval.low, interval.high]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _deployment(deployment: Deployment) -> dict[str, Any]:
    return {
        "ts": deployment.at,
        "what": deployment.what,
        "version": deployment.version,
        "action": deployment.action,
        "variant": deployment.variant,
    }


# ---------------------------------------------------------------- metrics


def show(app: str, picture: Picture, rows: Rows) -> None:
    """Adds a picture to the rows of the metrics in ``SHOWN``; labels are bounded by the settings."""
    for row in picture.windows:
        _show_window(app, row, rows)
    for arm, found in picture.voters.items():
        _show_votes((app, *(arm or ("", ""))), found, rows)
    for compared in picture.arms:
        if compared.until is None:
            _show_arms(app, compared, rows)
    for drift in picture.drifts:
        rows[metrics.DRIFT_BEGAN][app, *drift.arm] = drift.began
    for group in picture.fairness:
        _show_group(app, group, rows)


def _show_window(app: str, row: WindowStats, rows: Rows) -> None:
    key = (app, row.dimension, row.value, row.window)
    rows[metrics.WINDOW_CALLS][key] = row.calls
    if row.satisfied is not None:
        rows[metrics.WINDOW_SATISFIED][key] = row.satisfied
    for thumb in ("up", "middle", "down", "none"):
        rows[metrics.WINDOW_THUMBS][*key, thumb] = getattr(row, thumb)


def _show_group(app: str, group: Group, rows: Rows) -> None:
    for measure, gap in (
        ("satisfaction", group.satisfaction_gap),
        ("failures", group.failure_ratio),
        ("curated", group.curated_ratio),
    ):
        if gap is not None:
            key = (app, group.attribute, group.group, measure)
            _show_interval(rows[metrics.FAIRNESS], key, gap.estimate, gap.interval)


def _show_votes(key: tuple[str, ...], found: Voters, rows: Rows) -> None:
    for of, estimate, interval in (
        ("rated", found.among_rated, found.rated_interval),
        ("all", found.among_all, found.all_interval),
    ):
        if estimate is not None:
            _show_interval(rows[metrics.VOTES], (*key, of), estimate, interval)


def _show_arms(app: str, row: Comparison, rows: Rows) -> None:
    key = (app, str(row.first), str(row.second))
    rows[metrics.ARM_VERDICT][*key, row.verdict.kind] = 1.0
    if row.difference is not None:
        _show_interval(rows[metrics.ARM_DIFFERENCE], key, row.difference, row.interval)
    if row.failures.estimate is not None:
        ratio = row.failures
        _show_interval(rows[metrics.ARM_FAILURES], key, row.failures.estimate, ratio.interval)


def _show_interval(
    rows: dict[tuple[str, ...], float], key: tuple[str, ...], estimate: float, interval: Interval
) -> None:
    for bound, value in (("low", interval.low), ("estimate", estimate), ("high", interval.high)):
        rows[*key, bound] = value
