"""What was left out, where and why."""

from stream.report import words
from stream.report.markup import Html, el, join, soft, table
from stream.report.run import Run


def section(run: Run) -> Html:
    """Dead letters, then what a later stage rejected."""
    letters = [
        (topic, words.spaced(reason), words.cut(name, 60), number)
        for (topic, reason, name), number in run.dead_letters.items()
    ]
    rejected = [
        (words.spaced(stage), words.spaced(reason), number)
        for stage, reasons in run.summary.get("rejected", {}).items()
        for reason, number in reasons.items()
    ]
    letters.sort(key=lambda row: (-row[-1], row))
    rejected.sort(key=lambda row: (-row[-1], row))
    return join(
        (
            el("h3", "Dead letters"),
            soft("Records that could not be used; the file says where each lies."),
            table(("input", "reason", "field", "records"), letters),
            el("h3", "Rejected"),
            soft("Well-formed, and left out at a later stage."),
            table(("stage", "reason", "records"), rejected),
        )
    )
