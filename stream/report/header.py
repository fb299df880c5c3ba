"""The header: whether all is accounted for, and the figures of the run."""

from collections.abc import Mapping, Sequence

from stream.report import words
from stream.report.limits import MOST_APPS, MOST_KEYS
from stream.report.markup import Html, el, soft, table
from stream.report.rows import HOUR, Row, busiest, mean_satisfaction, ranked
from stream.report.run import Run


def header(run: Run) -> Html:
    """Of when and of which apps the run was, its account, and its figures as cards."""
    summary = run.summary
    outcomes: Mapping[str, int] = summary["outcomes"]
    lines = summary.get("lines", {})
    left_out = outcomes.get("dead_letter", 0) + sum(
        number for reasons in summary.get("rejected", {}).values() for number in reasons.values()
    )
    happy, judged = mean_satisfaction(run.hours)
    still_open = sum(incident.open for incident in run.incidents)
    cards: tuple[tuple[int | str, str, str], ...] = (
        (summary["read"], "records read", f"{words.number(summary.get('records_per_second', 0))} a second"),
        (outcomes.get("fresh", 0) + outcomes.get("duplicate", 0), "calls", words.count(outcomes.get("duplicate", 0), "duplicate")),
        (words.percent(happy), "satisfied", f"of {words.count(judged, 'judged call')}"),
        (lines.get("failures.jsonl", 0), "failures", f"{words.count(outcomes.get('joined', 0), 'signal')} joined"),
        (lines.get("alerts.jsonl", 0), "alerts", f"{words.count(len(run.incidents), 'incident')}, {still_open:,} open"),
        (lines.get("curated.jsonl", 0), "training examples", "curated, scrubbed"),
        (sum(summary.get("pii", {}).values()), "personal data replaced", f"of {words.count(len(summary.get('pii', {})), 'type')}"),
        (left_out, "left out", words.count(outcomes.get("dead_letter", 0), "dead letter")),
    )  # fmt: skip
    figures = (
        el("div", el("b", n if isinstance(n, str) else f"{n:,}"), name, el("small", small))
        for n, name, small in cards
    )
    return el(
        "header",
        el("h1", "What the traffic says"),
        soft(_period(run.hours)),
        _verdict(summary),
        el("div", *figures, class_="figures"),
    )


def _period(hours: Sequence[Row]) -> str:
    if not hours:
        return "No call was counted."
    first, last = min(row["hour"] for row in hours), max(row["hour"] for row in hours)
    apps = busiest(hours)
    shown = ", ".join(apps[:MOST_APPS]) + (", …" if len(apps) > MOST_APPS else "")
    return f"{words.moment(first)} to {words.moment(last + HOUR)} UTC · {words.count(len(apps), 'app')}: {shown}"


def _verdict(summary: Row) -> Html:
    """Whether each record that was read has exactly one outcome."""
    outcomes: Mapping[str, int] = summary["outcomes"]
    read, told = summary["read"], sum(outcomes.values())
    verdict = (
        "Every record read is accounted for."
        if read == told
        else f"Not accounted for: {read:,} records read, {told:,} outcomes. Please report it."
    )
    listed = " + ".join(f"{number:,} {words.spaced(name)}" for name, number in ranked(outcomes))
    rows = [
        (source, words.spaced(name), number)
        for source, found in summary.get("outcomes_by_input", {}).items()
        for name, number in ranked(found)
    ]
    numbers = table(("input", "outcome", "records"), rows, MOST_KEYS)
    return el(
        "div",
        el("b", verdict),
        soft(f"{read:,} read; {listed or 'no outcome'}"),
        el("details", el("summary", "By input"), numbers) if rows else "",
        class_="verdict" if read == told else "verdict broken",
    )
