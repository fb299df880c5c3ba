"""What was curated: training examples, by type and rule."""

from collections.abc import Iterator

import msgspec

from flywheel_stream.events import Example
from stream.report import words
from stream.report.bars import bar, bar_chart
from stream.report.limits import MOST_KEYS, MOST_ROWS
from stream.report.markup import Html, el, figure, join, more, soft, table
from stream.report.run import Group, Run


def section(run: Run) -> Html:
    """Numbers of examples, then one of each type and rule."""
    if not run.curated.groups:
        return soft("No example: no answer was judged clearly enough.")
    groups = sorted(run.curated.groups.items(), key=lambda row: (-row[1].number, row[0]))
    names = [(f"{kind} · {words.spaced(rule)}", group) for (kind, rule), group in groups]
    bars = bar_chart([bar(name, group.number) for name, group in names[:MOST_ROWS]])
    numbers = table(
        ("type", "rule", "examples", "mean confidence"),
        [(kind, rule, g.number, f"{g.confidence / g.number:.2f}") for (kind, rule), g in groups],
        MOST_KEYS,
    )
    cards = (_example_card(name, group) for name, group in names[:MOST_ROWS])
    rest = more(len(groups) - MOST_ROWS, "more rules")
    chart = figure(bars, "Examples by type, and by the rule that made them.", (), numbers)
    return join((chart, rest, el("div", *cards, class_="examples")))


def _example_card(name: str, group: Group) -> Html:
    example = group.first
    told = f"{words.count(group.number, 'example')}, confidence {group.confidence / group.number:.2f} on average"
    if example.type == "unpaired":
        told += f", {group.good:,} good and {group.number - group.good:,} bad"
    rows = (
        (el("dt", term), el("dd", words.cut(text, 160), dir="auto"))
        for term, text in _parts(example)
    )
    return el(
        "article", el("h3", name), soft(told), el("dl", *(cell for row in rows for cell in row))
    )


def _parts(example: Example) -> Iterator[tuple[str, str]]:
    """What an example consists of, for people."""
    asked = [turn.content for turn in example.prompt if turn.role == "user"]
    yield "asked", asked[-1] if asked else (example.prompt[-1].content if example.prompt else "")
    label = {True: "good answer", False: "bad answer"}
    if isinstance(example.completion, str):
        good = example.label
        yield label[good] if isinstance(good, bool) else "answer", example.completion
    if isinstance(example.chosen, str):
        yield "chosen", example.chosen
    if isinstance(example.rejected, str):
        yield "rejected", example.rejected
    if isinstance(example.verifier, dict):
        yield "verified by", msgspec.json.encode(example.verifier).decode()
