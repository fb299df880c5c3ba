"""What implicit signals have been worth, beside what the table of signals says."""

from stream.report import words
from stream.report.markup import Html, join, soft, table
from stream.report.run import Run


def section(run: Run) -> Html:
    """Log-odds by app and signal, with their intervals."""
    rows = [
        (
            f"{app} · {words.spaced(row['signal'])}",
            f"{row['table']:+.2f}",
            f"{row['weight']:+.2f} ({row['low']:+.2f} to {row['high']:+.2f})",
            round(row["calls"]),
        )
        for app, known in run.apps.items()
        for row in known.get("worths", {}).get("signals", ())
    ]
    if not rows:
        return soft("No call has both a thumb or rating and an implicit signal: the table stands.")
    text = (
        "Log-odds of satisfaction: 0 says nothing, 1 makes an even chance 73 %. Learnt from"
        " calls with a thumb or rating; used for those without, in failures and figures. Few calls"
        " leave the table's word as it is."
    )
    head = ("app and signal", "table", "has been worth", "calls with a verdict")
    return join((table(head, rows), soft(text)))
