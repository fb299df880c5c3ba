"""Personal data replaced, by type."""

from stream.report.bars import bar_figure
from stream.report.markup import Html
from stream.report.rows import ranked
from stream.report.run import Run


def section(run: Run) -> Html:
    """A bar of each type."""
    caption = "Values replaced by a placeholder before anything was written, by type."
    return bar_figure(ranked(run.summary.get("pii", {})), caption, ("type", "values"))
