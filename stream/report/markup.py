"""Markup: elements, tables, figures. What is no ``Html`` is text, and is escaped."""

from collections.abc import Iterable, Sequence
from html import escape

from stream.report import words
from stream.report.limits import MOST_ROWS


class Html(str):
    """Markup, which is passed on as it is; any other value is text, and escaped."""

    __slots__ = ()


def join(parts: Iterable[object]) -> Html:
    """One piece of markup of many."""
    return Html("".join(part if isinstance(part, Html) else escape(str(part)) for part in parts))


def el(name: str, *content: object, **attributes: object) -> Html:
    """An element; a trailing ``_`` of an attribute's name is dropped, others become ``-``."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
    )
    return Html(f"<{name}{told}>{join(content)}</{name}>")


def soft(*content: object) -> Html:
    """A paragraph that stands back: a note, an explanation."""
    return el("p", *content, class_="soft")


def quote(text: str, limit: int = 240) -> Html:
    """A text of a user or a model; ``dir`` lets each keep its direction of writing."""
    return el("blockquote", words.cut(text, limit), dir="auto")


def about(name: str, ident: str, excerpt: str) -> Html:
    """What a cluster or topic is about: its name, else its id, and an excerpt if there is one."""
    quoted = el("small", words.cut(excerpt, 110), dir="auto") if excerpt else ""
    return join((el("span", words.cut(name or ident, 80), title=ident), quoted))


def more(number: int, what: str = "more") -> Html:
    """How many are not shown; nothing where all are."""
    return soft(f"and {number:,} {what}") if number > 0 else Html()


def table(head: Sequence[str], rows: Sequence[Sequence[object]], limit: int = MOST_ROWS) -> Html:
    """A table whose numbers stand right; the first ``limit`` rows, and how many are left."""
    if not rows:
        return soft("None.")
    numeric = [isinstance(cell, int | float) for cell in rows[0]]
    titles = (
        el("th", title, scope="col", class_="n" if right else "t")
        for title, right in zip(head, numeric, strict=True)
    )
    body = (
        el(
            "tr",
            *(
                el("td", words.number(cell), class_="n")
                if isinstance(cell, int | float)
                else el("td", cell)
                for cell in row
            ),
        )
        for row in rows[:limit]
    )
    cells = el("table", el("thead", el("tr", *titles)), el("tbody", *body))
    return join((el("div", cells, class_="scroll"), more(len(rows) - limit)))


def figure(chart: Html, caption: str, legend: Sequence[tuple[str, str]], numbers: Html) -> Html:
    """A chart with its legend of (class, name), its caption, and the table of its numbers."""
    marks = (el("li", el("i", class_=css), name) for css, name in legend)
    return join(
        (
            el(
                "figure",
                chart,
                el("ul", *marks, class_="legend") if legend else "",
                el("figcaption", caption),
            ),
            el("details", el("summary", "The numbers"), numbers),
        )
    )
