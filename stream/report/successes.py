"""What is good: answers that users are really pleased with, and the reasons that they gave."""

from collections import Counter

from stream.report import words
from stream.report.bars import bar_figure
from stream.report.markup import Html, about, join, quote, soft, table
from stream.report.rows import largest_clusters, ranked
from stream.report.run import Run


def section(run: Run) -> Html:
    """Clusters with comments in the users' words, then numbers of reasons."""
    rows = largest_clusters(run.apps, "top_successes")
    if not rows:
        return soft("No answer was praised, taken as it is, or resolved what had failed.")
    reasons: Counter[str] = Counter()
    for known in run.apps.values():
        reasons.update(known["successes"])
    cells = [
        (
            about(cluster["label"], cluster["id"], "; ".join(cluster["exemplars"][:1])),
            app,
            cluster["size"],
            cluster["users"],
            words.listed(cluster["reasons"]),
            join(quote(text, 80) for text in cluster["comments"][:2]),
        )
        for app, cluster in rows
    ]
    text = (
        "Answers that did not fail, whose users were pleased and said why: by praise, by copying what"
        " they rated well as it is, or because it answered what had failed before (resolved)."
    )
    caption = "Really good answers by reason; one may have several."
    return join(
        (
            soft(text),
            table(("about", "app", "answers", "users", "reasons", "in their words"), cells),
            bar_figure(ranked(reasons), caption, ("reason", "answers")),
        )
    )
