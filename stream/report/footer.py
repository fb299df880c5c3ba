"""The footer: versions, speed, and what was odd about the input."""

from importlib.metadata import PackageNotFoundError, version

from stream.report import words
from stream.report.markup import Html, el
from stream.report.run import Run


def footer(run: Run) -> Html:
    """What made the report and its examples, how fast, and asides on the input."""
    summary, versions = run.summary, run.curated.versions
    try:
        named = f"flywheel-stream {version('flywheel-stream')}"
    except PackageNotFoundError:  # run from a source tree that is not installed
        named = "flywheel-stream"
    parts = [named, *(f"{name} {value}" for name, value in sorted(versions.items()))]
    speed = (
        f"{summary['read']:,} records in {summary.get('seconds', 0):,.1f} s "
        f"({words.number(summary.get('records_per_second', 0))} a second, start of the servers included)."
    )
    asides = []
    if late := summary.get("late", 0):
        asides.append(f"{words.count(late, 'record')} came too late for their place in event time.")
    if unknown := sum(summary.get("unknown_fields", {}).values()):
        asides.append(f"{words.count(unknown, 'unknown field')} left out.")
    return el(
        "footer",
        el("p", " · ".join(parts)),
        el("p", " ".join((speed, *asides, "All texts shown are scrubbed."))),
    )
