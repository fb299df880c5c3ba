"""What users ask: topics of a sample of all calls."""

from collections.abc import Sequence

from stream.report import words
from stream.report.limits import MOST_APPS, MOST_KEYS, MOST_ROWS
from stream.report.markup import Html, about, el, join, more, soft, table
from stream.report.rows import Row
from stream.report.run import Run


def section(run: Run) -> Html:
    """Topics by app, and those that nobody asked about before."""
    found = [
        (app, known["topics"])
        for app, known in run.apps.items()
        if known.get("topics", {}).get("sampled")
    ]
    if not found:
        return soft("No call was sampled (sample_rate).")
    found.sort(key=lambda row: (-row[1]["sampled"], row[0]))
    text = (
        "Of a sample of all calls, not only of those that failed. Lately: the last hours, told as"
        " rising or falling where that is no chance. Unseen: farther from every topic known then than"
        " nearly all traffic was."
    )
    parts = (_app_topics(app, known) for app, known in found[:MOST_APPS])
    return join((soft(text), *parts, more(len(found) - MOST_APPS, "more apps")))


def _app_topics(app: str, known: Row) -> Html:
    parts = [el("h3", f"{app}: {words.count(known['sampled'], 'call')} sampled")]
    if known["topics"]:
        parts += [
            _topic_table(known["topics"], MOST_KEYS),
            soft(f"All other topics: {words.percent(known['rest'])} of calls."),
        ]
    else:
        parts.append(soft("Too few of them to tell topics apart."))
    if known["unseen"]:
        parts += [el("h4", "Nobody asked about before"), _topic_table(known["unseen"], MOST_ROWS)]
    return join(parts)


def _topic_table(topics: Sequence[Row], limit: int) -> Html:
    rows = [
        (
            about(row["name"], row["id"], "; ".join(row["exemplars"][:2])),
            words.fine_percent(row["share"]),
            f"{words.fine_percent(row['recent'])} {row['trend'] if row['trend'] != 'steady' else ''}",
            row["calls"],
            row["users"],
            f"{words.moment(row['since'])} UTC",
        )
        for row in topics
    ]
    return table(("about", "share", "lately", "sampled", "users", "since"), rows, limit)
