"""Who votes: satisfaction among those who gave a thumb or rating, and among all."""

from stream.report import words
from stream.report.limits import MOST_KEYS
from stream.report.markup import Html, el, join, soft, table
from stream.report.rows import of_apps
from stream.report.run import Run


def section(run: Run) -> Html:
    """Both rates with their intervals, and satisfaction by window."""
    rows = [
        (
            f"{app} · {'all' if row['model'] is None else words.arm(row['model'], row['variant'])}",
            row["rated"],
            row["calls"],
            words.reach(row["among_rated"], row["rated_interval"], words.percent),
            words.reach(row["among_all"], row["all_interval"], words.percent),
            f"{words.percent(row['bounds'][0])} to {words.percent(row['bounds'][1])}",
        )
        for app, row in of_apps(run.apps, "votes")
        if row["rated"]
    ]
    if not rows:
        return soft("Nobody gave a thumb or a rating.")
    head = ("app, model and arm", "rated", "calls", "of rated", "of all calls", "without assuming")
    text = (
        "Satisfied in the last week of event time, with 95 % intervals. Those who vote are not all"
        " users: “of all calls” counts each stratum (model, arm, prompt version, attributes, whether"
        " a check fired) by its calls instead of its votes, as if within one the silent thought as"
        " the voters do. “Without assuming” lets all the silent be unhappy, or happy."
    )
    return join((table(head, rows), soft(text), _windows(run)))


def _windows(run: Run) -> Html:
    """Satisfaction by window, folded away; clusters are below, in what goes wrong."""
    cells: dict[tuple[str, str, str], dict[str, str]] = {}
    shown: dict[tuple[str, str, str], str] = {}
    for app, row in of_apps(run.apps, "windows"):
        if row["dimension"] != "cluster":
            key = (app, row["dimension"], row["value"])
            shown[key] = row.get("name") or row["value"]
            share = words.percent(row["satisfied"])
            cells.setdefault(key, {})[row["window"]] = f"{share} of {row['judged']:,}"
    names = ("5m", "1h", "1d", "1w")
    rows = [
        (*key[:2], shown[key], *(found.get(name, "") for name in names))
        for key, found in cells.items()
    ]
    head = ("app", "by", "value", "5 minutes", "hour", "day", "week")
    shares = table(head, rows, MOST_KEYS)
    title = "Mean probability of satisfaction in the last 5 minutes, hour, day and week"
    note = soft("By topic: of the calls in the sample that topics are made of, not of all.")
    parts = (shares, note) if any(key[1] == "topic" for key in cells) else (shares,)
    return el("details", el("summary", title), *parts) if rows else Html()
