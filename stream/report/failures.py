"""What goes wrong: failures by cluster, by kind, by model and arm."""

from collections import Counter

from stream.report import words
from stream.report.bars import bar_figure
from stream.report.limits import MOST_ROWS
from stream.report.markup import Html, about, el, join, more, soft, table
from stream.report.rows import Row, largest_clusters, ranked
from stream.report.run import Run


def section(run: Run) -> Html:
    """Clusters with an excerpt each, then numbers of kinds and of arms."""
    if not run.failures.arms:
        return soft("No call failed.")
    kinds = ranked(run.failures.kinds)
    return join(
        (
            el("h3", "By cluster"),
            _clusters(run),
            el("h3", "By kind"),
            bar_figure(kinds, "Failures by kind; one may be of several.", ("kind", "failures")),
            el("h3", "By model and arm"),
            _failing_arms(run),
        )
    )


def _clusters(run: Run) -> Html:
    rows = [row for row in largest_clusters(run.apps, "top_clusters") if row[1]["size"]]
    if not rows:
        return soft("No cluster formed.")
    known = sum(app.get("clusters", 0) for app in run.apps.values())
    cells = [
        (
            about(cluster["label"], cluster["id"], run.failures.excerpts.get(cluster["id"], "")),
            app,
            _stage(cluster),
            cluster["size"],
            cluster["users"],
            words.listed(cluster["kinds"]),
        )
        for app, cluster in rows[:MOST_ROWS]
    ]
    head = ("about", "app", "state", "failures", "users", "kinds")
    rest = more(max(known, len(rows)) - len(cells), "more clusters")
    text = (
        "New: seen once or twice. Open: recurs. Resolved: silent for so many calls that it is no"
        " chance. Regressed: was resolved, and recurs."
    )
    return join((table(head, cells), rest, soft(text)))


def _stage(cluster: Row) -> Html:
    state, since = cluster["state"], cluster["since"]
    badge = el("span", state, class_=f"badge {state}")
    return join((badge, el("small", f"since {words.moment(since)} UTC")))


def _failing_arms(run: Run) -> Html:
    calls: Counter[tuple[str, str, str]] = Counter()
    for row in run.hours:
        calls[row["app"], row["model"], row["variant"]] += row["calls"]
    rows = [
        (
            key[0],
            words.arm(key[1], key[2]),
            failed,
            calls[key],
            round(100 * failed / max(calls[key], 1), 1),
        )
        for key, failed in run.failures.arms.items()
    ]
    rows.sort(key=lambda row: (-row[2], row[:2]))
    return table(("app", "model and arm", "failures", "calls", "per 100 calls"), rows)
