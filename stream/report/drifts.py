"""Changes of satisfaction, and what was deployed about then."""

from collections.abc import Sequence

from stream.report import plots, words
from stream.report.limits import MOST_APPS, MOST_KEYS
from stream.report.markup import Html, figure, join, soft, table
from stream.report.rows import HOUR, Row, of_apps
from stream.report.run import Run


def section(run: Run) -> Html:
    """Changes and deployments on one time line, then each change in words."""
    drifts, deployments = of_apps(run.apps, "drifts"), of_apps(run.apps, "deployments")
    rows = [
        (
            f"{app} · {_words_of_arm(row)}",
            words.moment(row["began"]),
            words.moment(row["noticed"]),
            f"{words.percent(row['before'])} to {words.percent(row['after'])}",
            "; ".join(map(_deployed, row["deployments"])) or "nothing known",
        )
        for app, row in drifts
    ]
    said = "" if rows else soft("No arm's satisfaction went from one level to another.")
    head = ("app and arm", "began (UTC)", "noticed", "satisfied", "deployed about then")
    told = table(head, rows) if rows else ""
    return join((said, _changes(drifts, deployments, run.hours), told))


def _words_of_arm(row: Row) -> str:
    return words.arm(row["model"], row["variant"]) if row["model"] else f"arm {row['variant']}"


def _deployed(row: Row) -> str:
    where = f", arm {row['variant']}" if row["variant"] else ""
    return f"{row['what']} {row['version']}{where} {row['action']}, {words.moment(row['ts'])}"


def _changes(
    drifts: Sequence[tuple[str, Row]],
    deployments: Sequence[tuple[str, Row]],
    hours: Sequence[Row],
) -> Html:
    """Deployments and drifts of each app on one time line."""
    apps = sorted({app for app, _ in (*drifts, *deployments)})[:MOST_APPS]
    if not apps:
        return Html()
    moments = [row["ts"] for _, row in deployments]
    moments += [row[name] for _, row in drifts for name in ("began", "noticed")]
    moments += [row["hour"] + end for row in hours for end in (0, HOUR)]
    frame = plots.Frame(
        min(moments), max(*moments, min(moments) + HOUR), height=plots.ROW_HEIGHT * len(apps)
    )
    parts = [plots.time_axis(frame)]
    for place, app in enumerate(apps):
        y = plots.TOP + plots.ROW_HEIGHT * place
        parts.append(plots.label(plots.LEFT, y + 12, app, css="name"))
        for name, row in drifts:
            if name == app:
                x = frame.x(row["began"])
                title = f"{_words_of_arm(row)}: {words.percent(row['before'])} to {words.percent(row['after'])}"
                width = frame.x(row["noticed"]) - x
                parts.append(plots.rect("goes-on", title, x=x, y=y + 18, width=width, height=9))
        for name, row in deployments:
            if name == app:
                x = frame.x(row["ts"])
                parts.append(plots.rect("plain", _deployed(row), x=x, y=y + 14, width=3, height=17))
    chart = plots.svg(frame, "Changes of satisfaction and deployments", *parts)
    numbers = table(
        ("app", "deployed"), [(app, _deployed(row)) for app, row in deployments], MOST_KEYS
    )
    legend = [("goes-on", "satisfaction changed, until noticed"), ("plain", "deployment")]
    caption = "What changed, and what was deployed; times are UTC."
    return figure(chart, caption, legend, numbers)
