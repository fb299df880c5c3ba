"""Horizontal bars, as plain boxes."""

from collections.abc import Sequence
from typing import NamedTuple

from stream.report import words
from stream.report.limits import MOST_KEYS, MOST_ROWS
from stream.report.markup import Html, el, figure, join, more, soft, table


class Bar(NamedTuple):
    """A row of a bar chart: parts of (class, name, number), and what stands at its end."""

    name: str
    parts: Sequence[tuple[str, str, int]]
    told: str


def bar(name: str, number: int) -> Bar:
    """A row of one part."""
    return Bar(name, [("plain", name, number)], words.number(number))


def bar_chart(rows: Sequence[Bar], *, whole: bool = False) -> Html:
    """Horizontal bars as boxes, which fit a phone; ``whole``: each row is 100 %."""
    sums = [sum(number for *_, number in row.parts) for row in rows]
    most = max(sums, default=0)
    cells: list[Html] = []
    for row, total in zip(rows, sums, strict=True):
        scale = (total if whole else most) or 1
        boxes = (
            el(
                "i",
                class_=css,
                title=f"{name}: {number:,}",
                style=f"width:{100 * number / scale:.2f}%",
            )
            for css, name, number in row.parts
            if number
        )
        cells += (
            el("span", row.name),
            el("span", *boxes, class_="track whole" if whole else "track", aria_hidden="true"),
            el("span", row.told, class_="n"),
        )
    return el("div", *cells, class_="bars")


def bar_figure(rows: Sequence[tuple[str, int]], caption: str, head: tuple[str, str]) -> Html:
    """A figure of (name, number), with ``head`` above the table of its numbers."""
    if not rows:
        return soft("None.")
    bars = bar_chart([bar(words.spaced(name), number) for name, number in rows[:MOST_ROWS]])
    chart = join((bars, more(len(rows) - MOST_ROWS)))
    return figure(chart, caption, (), table(head, rows, MOST_KEYS))
