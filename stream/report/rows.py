"""What sections ask of hours and of the summary: rows by app and by arm, ranks, means."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]
"""An hour of an app and slice, as ``write_report`` takes it, or a part of the summary."""

HOUR, DAY = 3600, 86_400
"""In seconds, as all times are."""


def ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Names and numbers, the largest first, then by name."""
    return sorted(counts.items(), key=lambda row: (-row[1], row[0]))


def by_arm(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    """Rows by model and arm, prompt versions together."""
    out: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        out.setdefault((row["model"], row["variant"]), []).append(row)
    return out


def busiest(hours: Sequence[Row]) -> list[str]:
    """Apps, the busiest first."""
    calls: Counter[str] = Counter()
    for row in hours:
        calls[row["app"]] += row["calls"]
    return [app for app, _ in ranked(calls)]


def of_apps(apps: Row, what: str) -> list[tuple[str, Row]]:
    """Rows of one kind of all apps, with their app."""
    return [(app, row) for app, known in apps.items() for row in known.get(what, ())]


def largest_clusters(apps: Row, what: str) -> list[tuple[str, Row]]:
    """Clusters of one kind of all apps, with their app, the largest first."""
    return sorted(of_apps(apps, what), key=lambda row: (-row[1]["size"], row[0], row[1]["id"]))


def mean_satisfaction(hours: Iterable[Row]) -> tuple[float | None, int]:
    """Mean satisfaction (0..1) over judged calls, None without any, and how many these are."""
    happy, judged = 0.0, 0
    for row in hours:
        if row["satisfied"] is not None and row["judged"]:
            happy += row["satisfied"] * row["judged"]
            judged += row["judged"]
    return (happy / judged if judged else None), judged
