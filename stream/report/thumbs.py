"""Thumbs and ratings, by app, model and arm."""

from stream.report import words
from stream.report.bars import Bar, bar_chart
from stream.report.limits import MOST_KEYS, MOST_ROWS
from stream.report.markup import Html, figure, join, more, soft, table
from stream.report.rows import by_arm
from stream.report.run import Run

THUMBS = ("up", "middle", "down")


def section(run: Run) -> Html:
    """A bar of shares of each model and arm that was rated."""
    found: list[tuple[str, list[int]]] = []
    for app, known in run.apps.items():
        for key, rows in by_arm(known.get("slices", ())).items():
            counts = [sum(row["thumbs"].get(thumb, 0) for row in rows) for thumb in THUMBS]
            if any(counts):
                found.append((f"{app} · {words.arm(*key)}", counts))
    if not found:
        return soft("Nobody gave a thumb or a rating.")
    found.sort(key=lambda row: (-sum(row[1]), row[0]))
    bars = [
        Bar(
            name,
            list(zip(THUMBS, THUMBS, counts, strict=True)),
            " / ".join(f"{n:,}" for n in counts),
        )
        for name, counts in found[:MOST_ROWS]
    ]
    chart = join((bar_chart(bars, whole=True), more(len(found) - MOST_ROWS)))
    numbers = table(
        ("app, model and arm", *THUMBS), [(name, *counts) for name, counts in found], MOST_KEYS
    )
    caption = (
        "Shares of thumbs and ratings by app, model and arm; their numbers: up / middle / down."
    )
    return figure(chart, caption, [(thumb, thumb) for thumb in THUMBS], numbers)
