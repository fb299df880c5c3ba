"""Arms: each pair that ran beside each other, compared."""

from stream.report import words
from stream.report.limits import MOST_ROWS
from stream.report.markup import Html, el, join, more, soft, table
from stream.report.rows import Row, of_apps
from stream.report.run import Run


def section(run: Run) -> Html:
    """A card of each pair, with its verdict first."""
    found = of_apps(run.apps, "arms")
    if not found:
        return soft("No two arms ran beside each other long enough for calls to settle.")
    cards = (_comparison(app, row) for app, row in found[:MOST_ROWS])
    text = (
        "Each pair since the last deployment to either arm. Intervals and verdicts may be looked at"
        " at any time: of pairs without a difference at most 5 % ever get a wrong verdict. A call"
        " counts once, as it stood some minutes after it was made, and a person once a day."
    )
    return join((soft(text), *cards, more(len(found) - MOST_ROWS)))


def _comparison(app: str, row: Row) -> Html:
    names = [words.arm(row[side]["model"], row[side]["variant"]) for side in ("first", "second")]
    arms = [
        (
            name,
            row["calls"][place],
            row["scored"][place],
            words.percent(row["satisfied"][place]),
            row["failures"]["failures"][place],
        )
        for place, name in enumerate(names)
    ]
    period = f"from {words.moment(row['since'])} UTC"
    if row["until"] is not None:
        period += f" to {words.moment(row['until'])}, when a deployment ended it"
    failures, difference = row["failures"], row["difference"]
    told = [
        f"satisfaction {names[1]} less {names[0]}: "
        + words.reach(difference, row["interval"], lambda value: f"{100 * value:+.1f} points"),
        f"failures per call: {words.reach(failures['ratio'], failures['interval'], words.times)}",
    ]
    if row["detectable"] is not None and row["verdict"] != "none":  # else the verdict says so
        told.append(f"{100 * row['detectable']:.1f} points would have been found in 80 % of cases")
    head = ("arm", "calls", "scored", "satisfied", "failures")
    urgent = row["verdict"] in {"pull_back", "withheld", "mixed"} and row["until"] is None
    sentence = row["sentence"]
    return el(
        "article",
        el("h3", f"{app}: {names[0]} and {names[1]}"),
        soft(period),
        el("p", el("b", f"{sentence[:1].upper()}{sentence[1:]}.")),
        soft(" · ".join(told)),
        table(head, arms),
        class_="incident open" if urgent else "incident closed",
    )
