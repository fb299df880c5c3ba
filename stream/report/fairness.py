"""Fairness: gaps between groups of people."""

from collections.abc import Callable

from stream.report import words
from stream.report.limits import MOST_KEYS
from stream.report.markup import Html, el, join, soft, table
from stream.report.rows import Row, of_apps
from stream.report.run import Run


def section(run: Run) -> Html:
    """What was found, then each group beside the rest."""
    found = of_apps(run.apps, "fairness")
    if not found:
        return soft(
            "No attribute is watched, or no group has people enough to be shown: set"
            " FLYWHEEL_SENSITIVE_ATTRIBUTES."
        )
    findings = [f"{app} · {finding}" for app, row in found for finding in row["findings"]]
    rows = [
        (
            f"{app} · {row['attribute']}: {row['group']}",
            row["calls"],
            row["scored"],
            words.percent(row["satisfied"]),
            _gap(row["satisfaction_gap"], lambda value: f"{100 * value:+.1f}"),
            _gap(row["failure_ratio"], words.times),
            _gap(row["curated_ratio"], words.times),
        )
        for app, row in found
    ]
    head = (
        "app and group",
        "calls",
        "scored",
        "satisfied",
        "points from the rest",
        "failures per call",
        "share of curated",
    )
    said = (
        el("ul", *(el("li", finding) for finding in findings))
        if findings
        else soft("No group differs clearly from the rest.")
    )
    text = (
        "Each group beside all others of its attribute; intervals hold together at 95 %, for all"
        " groups, measures and looks. Groups of few people are pooled, or not shown."
    )
    return join((said, table(head, rows, MOST_KEYS), soft(text)))


def _gap(gap: Row | None, form: Callable[[float], str]) -> str:
    return "too few" if gap is None else words.reach(gap["estimate"], gap["interval"], form)
