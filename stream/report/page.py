"""The page: its sections in their order, and the document around them."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from stream.report import (
    arms,
    curated,
    drifts,
    failures,
    fairness,
    incidents,
    left_out,
    satisfaction,
    scrubbed,
    successes,
    thumbs,
    topics,
    traffic,
    votes,
    worths,
)
from stream.report.footer import footer
from stream.report.header import header
from stream.report.markup import Html, el, join
from stream.report.run import Run

SECTIONS: tuple[tuple[str, Callable[[Run], Html]], ...] = (
    ("Incidents", incidents.section),
    ("Satisfaction", satisfaction.section),
    ("Thumbs", thumbs.section),
    ("Who votes", votes.section),
    ("What signals are worth", worths.section),
    ("Changes of satisfaction", drifts.section),
    ("Arms", arms.section),
    ("Fairness", fairness.section),
    ("What users ask", topics.section),
    ("What goes wrong", failures.section),
    ("What is good", successes.section),
    ("Personal data replaced", scrubbed.section),
    ("What was left out", left_out.section),
    ("What was curated", curated.section),
    ("Traffic", traffic.section),
)
"""In their order on the page: the title, and what stands below it."""


def write_report(out: Path, summary: dict[str, Any], hours: list[dict[str, Any]]) -> Path:
    """Writes ``report.html`` into a run's folder.

    Args:
        out: the folder, with the run's outputs already in it; an absent file counts as empty.
        summary: as in ``summary.json``.
        hours: by app, slice and hour (its start, seconds of the epoch): ``calls``, ``judged``,
            ``satisfied`` (0..1, or None where nothing was judged) and ``thumbs``.

    Returns:
        The path of the report.
    """
    run = Run.read(out, summary, hours)
    parts = [header(run), el("nav", *(_link(title) for title, _ in SECTIONS))]
    parts += (
        el("section", el("h2", title), section(run), id=_anchor(title))
        for title, section in SECTIONS
    )
    parts.append(footer(run))
    path = out / "report.html"
    path.write_text(document(join(parts)), encoding="utf-8", errors="replace")
    return path


def document(body: Html) -> str:
    """The whole document around what is in it."""
    style = files("stream.report").joinpath("report.css").read_text(encoding="utf-8")
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>flywheel report</title><style>{style}</style></head>"
        f"<body>{body}</body></html>\n"
    )


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _link(title: str) -> Html:
    return el("a", title, href=f"#{_anchor(title)}")
