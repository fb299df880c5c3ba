"""Traffic: calls over time, by app."""

import math
from collections import Counter
from collections.abc import Sequence

from stream.report import plots, words
from stream.report.limits import MOST_KEYS, MOST_LINES
from stream.report.markup import Html, figure, join, soft, table
from stream.report.rows import busiest
from stream.report.run import Run

GAP = 2.0
"""Between two columns, in the SVG's units."""


def section(run: Run) -> Html:
    """A column of each bucket of time, with a part of each app."""
    hours = run.hours
    if not hours:
        return soft("No call was counted.")
    frame = plots.frame_of(hours)
    apps = busiest(hours)
    shown = apps if len(apps) <= MOST_LINES else apps[: MOST_LINES - 1]
    css = {app: f"c{place}" for place, app in enumerate(shown)}
    stacks: dict[float, Counter[str]] = {}
    for row in hours:
        name = row["app"] if row["app"] in css else "other apps"
        ts = row["hour"] // frame.bucket * frame.bucket
        stacks.setdefault(ts, Counter())[name] += row["calls"]
    frame = frame._replace(top=_round_up(max(sum(stack.values()) for stack in stacks.values())))
    order = [*shown, *(["other apps"] if len(shown) < len(apps) else [])]
    columns = (
        _column(frame, ts, [(css.get(name, "other"), name, stack[name]) for name in order])
        for ts, stack in sorted(stacks.items())
    )
    rows = [
        (words.moment(ts), name, stack[name])
        for ts, stack in sorted(stacks.items())
        for name in order
        if stack[name]
    ]
    chart = plots.plot(frame, "Calls over time", _compact, *columns)
    caption = f"Calls by {words.bucket(frame.bucket)} (UTC) and app, duplicates included."
    legend = [(css.get(name, "other"), name) for name in order]
    return figure(chart, caption, legend, table(("from (UTC)", "app", "calls"), rows, MOST_KEYS))


def _column(frame: plots.Frame, ts: float, parts: Sequence[tuple[str, str, int]]) -> Html:
    """A stack of boxes over one bucket of time."""
    x = frame.x(ts)
    width = frame.x(ts + frame.bucket) - x - GAP  # all of its time, for it holds all of its calls
    boxes, below = [], 0
    for css, name, number in parts:
        if number:
            top, bottom = frame.y(below + number), frame.y(below)
            title = f"{name}, {words.moment(ts)}: {words.count(number, 'call')}"
            boxes.append(
                plots.rect(f"column {css}", title, x=x, y=top, width=width, height=bottom - top)
            )
            below += number
    return join(boxes)


def _round_up(value: float) -> float:
    """The next number of which a quarter is easy to read."""
    if value <= 4:
        return 4.0
    unit = 10.0 ** math.floor(math.log10(value))
    return next(
        unit * step for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if unit * step >= value
    )


def _compact(value: float) -> str:
    for least, unit, suffix in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if value >= least:
            return f"{value / unit:.3g}{suffix}"
    return words.number(value)
