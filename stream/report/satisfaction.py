"""Satisfaction over time, by app, model and arm."""

from collections.abc import Iterable, Sequence

from stream.report import plots, words
from stream.report.limits import FEW, MOST_APPS, MOST_KEYS, MOST_LINES, MOST_ROWS
from stream.report.markup import Html, el, figure, join, more, soft, table
from stream.report.rows import Row, busiest, by_arm, mean_satisfaction
from stream.report.run import Incident, Run


def section(run: Run) -> Html:
    """A chart of each app, with a line of each model and arm, and incidents shaded."""
    judged = [row for row in run.hours if row["satisfied"] is not None and row["judged"]]
    if not judged:
        return soft("Nothing was judged: no feedback joined, and no check spoke.")
    frame = plots.frame_of(run.hours)
    apps = busiest(judged)
    order = [key for key, _ in _by_judged(judged)]
    charts = (
        _of_app(
            app,
            [row for row in judged if row["app"] == app],
            [i for i in run.incidents if i.last.app == app][:MOST_ROWS],
            frame,
            order,
        )
        for app in apps[:MOST_APPS]
    )
    return join((*charts, more(len(apps) - MOST_APPS, "more apps")))


def _of_app(
    app: str,
    rows: Sequence[Row],
    incidents: Sequence[Incident],
    frame: plots.Frame,
    order: Sequence[tuple[str, str]],
) -> Html:
    slices = _by_judged(rows)
    colours = _colours([key for key, _ in slices[:MOST_LINES]], order)
    lines, legend, cells = [], [], []
    for key, found in slices:
        name, points = words.arm(*key), _points(found, frame.bucket)
        cells += [(words.moment(p.ts), name, p.number, words.percent(p.value)) for p in points]
        if css := colours.get(key):
            mean, number = mean_satisfaction(found)
            legend.append((css, f"{name}: {words.percent(mean)} of {number:,}"))
            lines.append(plots.line(frame, points, css, name))
    bands = (_incident_band(frame, i, *span) for i in incidents for span in i.spans)
    caption = (
        f"Mean probability that the user was satisfied, by {words.bucket(frame.bucket)} (UTC) and of how"
        f" many judged calls; a gap where nothing was judged, hollow where fewer than {FEW} were."
    )
    if incidents:
        caption += " Shaded: incidents."
    if len(slices) > MOST_LINES:
        caption += f" The {MOST_LINES} most judged of {len(slices):,}; all are in the table."
    chart = plots.plot(frame, f"Satisfaction over time, {app}", words.percent, *bands, *lines)
    head = ("from (UTC)", "model and arm", "judged", "satisfied")
    return join(
        (el("h3", app), figure(chart, caption, legend, table(head, sorted(cells), MOST_KEYS)))
    )


def _by_judged(
    rows: Iterable[Row],
) -> list[tuple[tuple[str, str], list[Row]]]:
    """Models and arms with their rows, the most judged first."""
    return sorted(by_arm(rows).items(), key=lambda s: (-mean_satisfaction(s[1])[1], s[0]))


def _colours(
    shown: Sequence[tuple[str, str]], order: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """A colour each, the same in the charts of all apps as far as they last."""
    free = list(range(MOST_LINES))
    out = {}
    for key in sorted(shown, key=order.index):
        wanted = order.index(key) % MOST_LINES
        place = wanted if wanted in free else free[0]
        free.remove(place)
        out[key] = f"c{place}"
    return out


def _incident_band(frame: plots.Frame, incident: Incident, start: float, end: float | None) -> Html:
    """The stretch of time of an incident, behind a plot's lines."""
    x, until = frame.x(start), frame.x(end or frame.last)
    title = incident.last.title
    return plots.rect("band", title, x=x, y=plots.TOP, width=until - x, height=frame.height)


def _points(rows: Iterable[Row], bucket: int) -> list[plots.Point]:
    """Means by bucket of time, weighted by how many were judged."""
    buckets: dict[float, list[Row]] = {}
    for row in rows:
        buckets.setdefault(row["hour"] // bucket * bucket, []).append(row)
    means = ((ts, *mean_satisfaction(found)) for ts, found in sorted(buckets.items()))
    return [plots.Point(ts, mean, number) for ts, mean, number in means if mean is not None]
