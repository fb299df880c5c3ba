"""Plots over time, as SVG: the frame that moments and values lie in, axes, lines, boxes."""

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from stream.report import words
from stream.report.limits import FEW, MOST_BUCKETS
from stream.report.markup import Html, el, join
from stream.report.rows import DAY, HOUR, Row

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 860, 52, 34, 10, 42
"""Of a drawing, and the margins around its plot; in the SVG's units, as all sizes are."""
PLOT_HEIGHT = 200
ROW_HEIGHT = 36
"""Of one thing on a time line: its name, and below it when it was on."""

TICK_STEPS = tuple(
    [900, 1800, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR]
    + [days * DAY for days in (1, 2, 7, 14, 30, 91, 182, 365)]
)
"""Seconds between two ticks of a time axis."""
BUCKETS = tuple(HOUR * n for n in (1, 2, 3, 6, 12, 24, 48, 168, 720, 8760))
"""Seconds that may go into one point."""


class Frame(NamedTuple):
    """A plot's range of time (seconds of the epoch), the value at its upper edge, its size."""

    first: float
    last: float
    top: float = 1.0
    height: float = PLOT_HEIGHT
    bucket: int = HOUR
    """Seconds that go into one point."""

    def x(self, ts: float) -> float:
        """Where a moment lies, in the SVG's units."""
        share = (ts - self.first) / (self.last - self.first)
        return LEFT + (WIDTH - LEFT - RIGHT) * min(max(share, 0.0), 1.0)

    def y(self, value: float) -> float:
        """Where a value lies, in the SVG's units."""
        return TOP + self.height * (1 - min(value / self.top, 1.0))

    def ticks(self) -> list[float]:
        """Round moments, at most eight."""
        step = next((s for s in TICK_STEPS if (self.last - self.first) / s <= 7), None)
        if step is None:
            years = 365 * DAY
            step = years * math.ceil((self.last - self.first) / years / 7)
        start = math.ceil(self.first / step)
        return [float(n * step) for n in range(start, math.floor(self.last / step) + 1)]


def frame_of(hours: Sequence[Row]) -> Frame:
    """The range of time of a run, in buckets few enough to be told apart."""
    first = min(row["hour"] for row in hours)
    last = max(row["hour"] for row in hours) + HOUR
    bucket = next((b for b in BUCKETS if (last - first) / b <= MOST_BUCKETS), BUCKETS[-1])
    first = math.floor(first / bucket) * bucket
    last = math.ceil(last / bucket) * bucket
    return Frame(float(first), float(last), bucket=bucket)


def time_axis(frame: Frame) -> Html:
    """Ticks in real time, with the date (or the year) below where it changes."""
    ticks = frame.ticks()
    step = ticks[1] - ticks[0] if len(ticks) > 1 else HOUR
    below = TOP + frame.height
    parts, told = [], ""
    for ts in ticks:
        at = datetime.fromtimestamp(ts, UTC)
        upper, lower = (
            (f"{at:%H:%M}", f"{at.day} {at:%b %Y}")
            if step < DAY
            else (f"{at.day} {at:%b}", f"{at:%Y}")
        )
        x = f"{frame.x(ts):.1f}"
        parts.append(
            el("line", class_="grid", x1=x, x2=x, y1=f"{below:.0f}", y2=f"{below + 4:.0f}")
        )
        parts.append(label(x, below + 18, upper, "middle"))
        if lower != told:
            parts.append(label(x, below + 34, lower, "middle"))
            told = lower
    return join(parts)


def label(x: object, y: float, text: str, anchor: str = "start", css: str = "soft") -> Html:
    """A text in a drawing."""
    return el("text", text, x=x, y=f"{y:.1f}", text_anchor=anchor, class_=css)


def _value_axis(frame: Frame, form: Callable[[float], str]) -> Html:
    parts = []
    for step in range(5):
        value = frame.top * step / 4
        y = frame.y(value)
        at = f"{y:.1f}"
        parts.append(el("line", class_="grid", x1=LEFT, x2=WIDTH - RIGHT, y1=at, y2=at))
        parts.append(label(LEFT - 7, y + 4, form(value), "end"))
    return join(parts)


def svg(frame: Frame, title: str, *parts: Html) -> Html:
    """A drawing as high as its frame and the time axis below it."""
    height = TOP + frame.height + BOTTOM
    drawing = el("svg", *parts, viewBox=f"0 0 {WIDTH} {height:.0f}", role="img", aria_label=title)
    return el("div", drawing, class_="scroll")


def plot(frame: Frame, title: str, form: Callable[[float], str], *parts: Html) -> Html:
    """A drawing with both axes; ``form`` words the values of the upright one."""
    return svg(frame, title, _value_axis(frame, form), time_axis(frame), *parts)


def rect(css: str, title: str, *, x: float, y: float, width: float, height: float) -> Html:
    """A box with a hover title, never too narrow to be seen."""
    return el(
        "rect",
        el("title", title),
        class_=css,
        x=f"{x:.1f}",
        y=f"{y:.1f}",
        width=f"{max(width, 1.0):.1f}",
        height=f"{height:.1f}",
    )


class Point(NamedTuple):
    """A mean over one bucket of time, and of how many it is one."""

    ts: float
    value: float
    number: int


def _runs(points: Sequence[Point], bucket: int) -> Iterator[list[Point]]:
    """Stretches without a gap: where nothing was judged, nothing is known, nothing is drawn."""
    run: list[Point] = []
    for point in points:
        if run and point.ts - run[-1].ts > bucket:
            yield run
            run = []
        run.append(point)
    if run:
        yield run


def line(frame: Frame, points: Sequence[Point], css: str, name: str) -> Html:
    """One line of means, each in the middle of its bucket."""
    parts = []
    radius = 3.5 if len(points) <= 48 else 2
    for run in _runs(points, frame.bucket):
        places = [(frame.x(p.ts + frame.bucket / 2), frame.y(p.value)) for p in run]
        parts.append(el("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in places)))
        for point, (x, y) in zip(run, places, strict=True):
            title = f"{name}, {words.moment(point.ts)}: {words.percent(point.value)} of {point.number:,}"
            parts.append(
                el(
                    "circle",
                    el("title", title),
                    class_="few" if point.number < FEW else "enough",
                    cx=f"{x:.1f}",
                    cy=f"{y:.1f}",
                    r=radius,
                )
            )
    return el("g", *parts, class_=css)
